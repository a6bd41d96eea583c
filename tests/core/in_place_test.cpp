// Ops in place: aliasing, casts, refusals and what they do to the tape.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/storage.h>
#include <tenon/views.h>

#include "../conformance/backends_under_test.h"
#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;
using Int64s = std::vector<std::int64_t>;
using Floats = std::vector<float>;

class InPlace : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, InPlace, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(InPlace, ChangesTheMemoryAndEveryViewOfIt) {
  const Tensor x = arange(6);
  const Tensor evens = slice(x, 0, 0, 6, 2);
  EXPECT_TRUE(add_(evens, full({}, 10)).is_same(evens));
  EXPECT_EQ(x.to_vector<std::int64_t>(), (Int64s{10, 1, 12, 3, 14, 5}));
}

TEST_P(InPlace, OpsComputeWhatTheirNamesSay) {
  const Tensor x = from_values<float>({8, 6});
  const Tensor y = from_values<float>({2, 3});
  EXPECT_EQ(sub_(clone(x), y).to_vector<float>(), (Floats{6, 3}));
  EXPECT_EQ(mul_(clone(x), y).to_vector<float>(), (Floats{16, 18}));
  EXPECT_EQ(div_(clone(x), y).to_vector<float>(), (Floats{4, 2}));
  EXPECT_EQ(multiply_add_(clone(x), y, y).to_vector<float>(), (Floats{12, 15}));
  EXPECT_EQ(copy_(clone(x), full({}, 1.0)).to_vector<float>(), (Floats{1, 1}));
  EXPECT_EQ(fill_(clone(x), 5).to_vector<float>(), (Floats{5, 5}));
}

TEST_P(InPlace, OperandsMayShareTheMemoryInAnyWay) {
  const Tensor x = view(arange(9), {3, 3});
  const Tensor expected = x + transpose(x);
  add_(x, transpose(x));
  EXPECT_TRUE(equal(x, expected));
  const Tensor doubled = x * 2;
  add_(x, x);
  EXPECT_TRUE(equal(x, doubled));
  const Tensor first_row = clone(select(x, 0, 0));
  const Tensor less = x - first_row;
  sub_(x, select(x, 0, 0));
  EXPECT_TRUE(equal(x, less));
  const Tensor fused = x + transpose(x) * x;
  multiply_add_(x, transpose(x), x);
  EXPECT_TRUE(equal(x, fused));
}

TEST_P(InPlace, CopiesBetweenOverlappingSlicesAsIfByACopy) {
  const Tensor x = arange(6);
  copy_(slice(x, 0, 1, 6), slice(x, 0, 0, 5));
  EXPECT_EQ(x.to_vector<std::int64_t>(), (Int64s{0, 0, 1, 2, 3, 4}));
  copy_(slice(x, 0, 0, 5), slice(x, 0, 1, 6));
  EXPECT_EQ(x.to_vector<std::int64_t>(), (Int64s{0, 1, 2, 3, 4, 4}));
  copy_(x, x);
  EXPECT_EQ(x.to_vector<std::int64_t>(), (Int64s{0, 1, 2, 3, 4, 4}));
}

TEST_P(InPlace, ResultsAreCastToTheTargetsDType) {
  const Tensor x = from_values<std::int32_t>({1, 2});
  add_(x, full({}, 1.75));
  EXPECT_EQ(x.to_vector<int>(), (std::vector<int>{2, 3}));
  div_(x, full({}, 2));
  EXPECT_EQ(x.to_vector<int>(), (std::vector<int>{1, 1}));
  EXPECT_EQ(x.dtype(), DType::int32);
  EXPECT_EQ(copy_(full({2}, false), from_values({0.5, 0.0})).to_vector<bool>(),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(add_(from_values<float>({1}), full({}, 0.5, DType::float64)).dtype(), DType::float32);
}

TEST_P(InPlace, RefusesExpandedTargetsAndOperandsThatDoNotFit) {
  expect_error<ShapeError>([] { fill_(expand(zeros({1, 3}), {2, 3}), 1); }, "[fill_]", "(2, 3)", "expanded");
  EXPECT_THROW(add_(expand(zeros({}), {2}), ones({2})), ShapeError);
  expect_error<ShapeError>([] { add_(zeros({3}), zeros({2, 3})); }, "[add_] (2, 3)", "(3,)");
  EXPECT_THROW(copy_(zeros({3}), zeros({2})), ShapeError);
  EXPECT_EQ(fill_(expand(zeros({1, 3}), {1, 3}), 2).to_vector<float>(), (Floats{2, 2, 2}));
}

TEST_P(InPlace, RefusesWhatNeedsAGradientUnlessUnderNoGrad) {
  const Tensor w = ones({2}).set_requires_grad();
  const Tensor plain = ones({2});
  expect_error<AutogradError>([&] { add_(w, plain); }, "[add_]", "NoGrad");
  EXPECT_THROW(add_(plain, w), AutogradError);
  EXPECT_THROW(fill_(w * 2, 0), AutogradError);
  const NoGrad no_grad;
  EXPECT_EQ(add_(w, plain).to_vector<float>(), (Floats{2, 2}));
  EXPECT_TRUE(w.requires_grad());
}

TEST_P(InPlace, AChangeOfASavedTensorFailsTheBackwardPass) {
  const Tensor w = ones({2}).set_requires_grad();
  const Tensor factor = full({4}, 3.0);
  const Tensor y = sum(w * slice(factor, 0, 0, 2));
  fill_(slice(factor, 0, 2, 4), 9);  // another part of the same memory counts as well
  expect_error<AutogradError>([&] { y.backward(); }, "in place", "(2,)");
}

TEST_P(InPlace, AChangeOfASavedOutputFailsTheBackwardPass) {
  const Tensor w = ones({2}).set_requires_grad();
  const Tensor y = exp(w);
  {
    const NoGrad no_grad;
    fill_(y, 0);
  }
  EXPECT_THROW(sum(y).backward(), AutogradError);
}

TEST_P(InPlace, AChangeOfWhatNoRuleNeedsDoesNot) {
  const Tensor w = ones({2}).set_requires_grad();
  const Tensor h = w * 2;
  const Tensor y = sum(h) + mean(h);
  {
    const NoGrad no_grad;
    fill_(h, 0);
  }
  y.backward();
  EXPECT_EQ(w.grad().to_vector<float>(), (Floats{3, 3}));
}

TEST_P(InPlace, EachOpRaisesTheVersionOfTheStorage) {
  const Tensor x = ones({2});
  const std::uint32_t before = x.storage()->version();
  fill_(x, 2);
  copy_(x, ones({2}));
  add_(slice(x, 0, 0, 1), ones({1}));
  EXPECT_EQ(x.storage()->version(), before + 3);
}

}  // namespace
}  // namespace tenon
