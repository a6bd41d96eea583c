// Broadcasting, promotion and numbers beside tensors, through the operators.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <cmath>
#include <limits>

#include "../conformance/backends_under_test.h"
#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;
using Floats = std::vector<float>;
using Int64s = std::vector<std::int64_t>;

class Elementwise : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Elementwise, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Elementwise, OperandsBroadcast) {
  const Tensor column = from_values<float>({10, 20}, {2, 1});
  const Tensor row = from_values<float>({1, 2, 3});
  EXPECT_EQ((column + row).to_vector<float>(), (Floats{11, 12, 13, 21, 22, 23}));
  EXPECT_EQ((row - column).shape(), (Shape{2, 3}));
  EXPECT_EQ((zeros({0, 3}) + row).shape(), (Shape{0, 3}));
  expect_error<ShapeError>([&] { row* zeros({2}); },
                           "[mul] (3,) and (2,) do not broadcast: axis -1 is 3 and 2");
}

TEST_P(Elementwise, OperandsPromote) {
  const Tensor integers = from_values<std::int32_t>({1, 2});
  const Tensor doubles = from_values({0.5, 0.25});
  EXPECT_EQ((integers + doubles).dtype(), DType::float64);
  EXPECT_EQ((integers + doubles).to_vector<double>(), (std::vector<double>{1.5, 2.25}));
  EXPECT_EQ((integers * astype(integers, DType::uint8)).dtype(), DType::int32);
  EXPECT_EQ((integers + full({}, true)).dtype(), DType::int32);
  EXPECT_EQ(eq(integers, doubles).dtype(), DType::boolean);
}

TEST_P(Elementwise, NumbersRaiseOnlyTheCategory) {
  const Tensor integers = from_values<std::int32_t>({1, 2});
  EXPECT_EQ((integers + 2).dtype(), DType::int32);
  EXPECT_EQ((integers + 2.5).dtype(), DType::float32);
  EXPECT_EQ((2.5 * zeros({1})).dtype(), DType::float32);
  EXPECT_EQ((1 - zeros({1}, DType::float64)).dtype(), DType::float64);
  EXPECT_EQ((full({1}, true) + 1).dtype(), DType::int64);
  EXPECT_EQ((integers + std::int64_t{1}).dtype(), DType::int32);
}

TEST_P(Elementwise, NumbersStandOnEitherSide) {
  const Tensor x = from_values<float>({1, 2, 4});
  EXPECT_EQ((10 - x).to_vector<float>(), (Floats{9, 8, 6}));
  EXPECT_EQ((8 / x).to_vector<float>(), (Floats{8, 4, 2}));
  EXPECT_EQ((x - 1).to_vector<float>(), (Floats{0, 1, 3}));
  EXPECT_EQ((-x).to_vector<float>(), (Floats{-1, -2, -4}));
  EXPECT_EQ(pow(x, 2).to_vector<float>(), (Floats{1, 4, 16}));
  EXPECT_EQ(clamp(x, 1.5, 3).to_vector<float>(), (Floats{1.5, 2, 3}));
}

TEST_P(Elementwise, DivisionIsTrueDivision) {
  const Tensor halves = from_values<std::int64_t>({1, 2}) / 2;
  EXPECT_EQ(halves.dtype(), DType::float32);
  EXPECT_EQ(halves.to_vector<float>(), (Floats{0.5, 1}));
}

TEST_P(Elementwise, RealFunctionsTurnIntegersIntoFloat32) {
  for (const DType dtype : {DType::boolean, DType::uint8, DType::int32, DType::int64}) {
    EXPECT_EQ(exp(zeros({2}, dtype)).dtype(), DType::float32);
    const Tensor soft = softplus(ones({1}, dtype));
    EXPECT_EQ(soft.dtype(), DType::float32);
    EXPECT_NEAR(soft.item<double>(), std::log1p(std::exp(1.0)), 1e-6) << name(dtype);
  }
}

TEST_P(Elementwise, BoolHasNoArithmeticNegation) {
  const Tensor x = full({2}, true);
  expect_error<DTypeError>([&] { neg(x); }, "[neg]", "bool");
  EXPECT_THROW(x - x, DTypeError);
  EXPECT_THROW(pow(x, x), DTypeError);
  EXPECT_THROW(matmul(x, x), DTypeError);
  EXPECT_THROW(multiply_add(x, x, x), DTypeError);
  EXPECT_TRUE(all(x + x).item<bool>());
}

TEST_P(Elementwise, BitwiseOpsAreForIntegersAndBool) {
  expect_error<DTypeError>([] { bitwise_and(zeros({1}), ones({1})); }, "[bitwise_and]", "float32");
  EXPECT_EQ(bitwise_xor(from_values<std::uint8_t>({6}), from_values<std::uint8_t>({3})).item<int>(), 5);
}

TEST_P(Elementwise, WhereNeedsABoolCondition) {
  expect_error<DTypeError>([] { where(zeros({1}), ones({1}), ones({1})); }, "[where]", "float32", "bool");
  const Tensor chosen = where(from_values({true, false}), full({}, 1), from_values({2.5, 3.5}));
  EXPECT_EQ(chosen.dtype(), DType::float64);
  EXPECT_EQ(chosen.to_vector<double>(), (std::vector<double>{1, 3.5}));
}

TEST_P(Elementwise, NaNWinsInMaximumMinimumReluAndClamp) {
  const Tensor x = from_values<float>({NAN, 1});
  for (const Tensor& y : {maximum(x, 0), minimum(x, 0), relu(x), clamp(x, 0, 1)}) {
    EXPECT_EQ(isnan(y).to_vector<bool>(), (std::vector<bool>{true, false}));
  }
}

TEST_P(Elementwise, ComparisonsWithNaNAreFalse) {
  const Tensor x = full({1}, NAN);
  for (const Tensor& y : {eq(x, x), lt(x, x), le(x, x), gt(x, 0), ge(x, 0)}) EXPECT_FALSE(y.item<bool>());
  EXPECT_TRUE(ne(x, x).item<bool>());
}

TEST_P(Elementwise, IntegersWrapAround) {
  EXPECT_EQ((full({}, INT64_MAX) + 1).item<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(neg(full({}, INT64_MIN)).item<std::int64_t>(), INT64_MIN);
  EXPECT_EQ((full({}, 200, DType::uint8) + 100).item<int>(), 44);
}

TEST_P(Elementwise, CastsFollowTheContract) {
  const Tensor x = from_values<float>({-1.9F, 2.5F, NAN, 1e30F, -INFINITY, 300});
  EXPECT_EQ(astype(x, DType::int64).to_vector<std::int64_t>(), (Int64s{-1, 2, 0, INT64_MAX, INT64_MIN, 300}));
  EXPECT_EQ(astype(x, DType::uint8).to_vector<std::int64_t>(), (Int64s{255, 2, 0, 255, 0, 44}));
  EXPECT_EQ(astype(x, DType::boolean).to_vector<bool>(), (std::vector<bool>(6, true)));
  EXPECT_EQ(astype(from_values({1 + 0x1p-8, 1 + 3 * 0x1p-8}), DType::bfloat16).to_vector<double>(),
            (std::vector<double>{1, 1 + 0x1p-6}));
}

TEST_P(Elementwise, CastsToTheOwnDTypeAndContiguousGiveTheTensorItself) {
  const Tensor x = ones({2, 3});
  EXPECT_TRUE(astype(x, DType::float32).is_same(x));
  EXPECT_TRUE(contiguous(x).is_same(x));
  EXPECT_NE(clone(x).storage(), x.storage());
  const Tensor y = contiguous(transpose(x));
  EXPECT_TRUE(y.is_contiguous());
  EXPECT_NE(y.storage(), x.storage());
}

TEST_P(Elementwise, WorksUpToTheHighestRank) {
  Shape shape(kMaxRank, 1);
  shape[0] = 2;
  shape[31] = 3;
  const Tensor x = view(arange(6), shape);
  EXPECT_EQ((x + x).to_vector<std::int64_t>(), (Int64s{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(sum(x, {0}).to_vector<std::int64_t>(), (Int64s{3, 5, 7}));
}

TEST_P(Elementwise, GradientsOfQuotientsDoNotOverflow) {
  const Tensor a = full({1}, 1e20);
  const Tensor b = full({1}, 1e20).set_requires_grad();
  (a / b).backward();
  EXPECT_FLOAT_EQ(b.grad().item<float>(), -1e-20F);
}

TEST_P(Elementwise, GradientsAtKinksAreAsDocumented) {
  const Tensor x = from_values<float>({-0.0F, 0}).set_requires_grad();
  const auto gradient = [&](const Tensor& y) { return grad(sum(y), {x})[0].to_vector<float>(); };
  EXPECT_EQ(gradient(relu(x)), (Floats{0, 0}));
  EXPECT_EQ(gradient(abs(x)), (Floats{0, 0}));
  EXPECT_EQ(gradient(maximum(x, 0)), (Floats{0.5, 0.5}));
  EXPECT_EQ(gradient(clamp(x, 0, 1)), (Floats{1, 1}));
  EXPECT_EQ(gradient(softplus(x)), (Floats{0.5, 0.5}));
  EXPECT_EQ(gradient(pow(x, 0)), (Floats{0, 0}));
  EXPECT_EQ(gradient(pow(x, 1)), (Floats{1, 1}));
}

}  // namespace
}  // namespace tenon
