// Tensors out of nothing and out of C++ values, on each backend.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "../conformance/backends_under_test.h"
#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;
using Int64s = std::vector<std::int64_t>;

class Creation : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Creation, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Creation, FullTakesItsDTypeFromTheValue) {
  EXPECT_EQ(full({2}, 1).dtype(), DType::int64);
  EXPECT_EQ(full({2}, 1.0).dtype(), DType::float32);
  EXPECT_EQ(full({2}, 1.0F).dtype(), DType::float32);
  EXPECT_EQ(full({2}, true).dtype(), DType::boolean);
}

TEST_P(Creation, FullFillsEveryDType) {
  for (const DType dtype :
       {DType::float32, DType::float64, DType::bfloat16, DType::int32, DType::int64, DType::uint8}) {
    EXPECT_EQ(full({3}, 5, dtype).to_vector<double>(), (std::vector<double>{5, 5, 5})) << name(dtype);
  }
  EXPECT_EQ(full({}, INT64_MIN).item<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(full({}, 300, DType::uint8).item<int>(), 44);
  EXPECT_TRUE(std::isnan(full({}, NAN).item<float>()));
  EXPECT_TRUE(std::signbit(full({}, -0.0).item<float>()));
}

TEST_P(Creation, FullOfBoolIsTrueForWhatIsNotZero) {
  for (const Scalar value : {Scalar(1), Scalar(2), Scalar(256), Scalar(0.5), Scalar(NAN), Scalar(true)}) {
    const Tensor on_host = full({}, value, DType::boolean).to("cpu");
    EXPECT_TRUE(on_host.item<bool>()) << value.real();
    EXPECT_EQ(*static_cast<const std::uint8_t*>(on_host.address()), 1);
  }
  EXPECT_FALSE(full({}, 0, DType::boolean).item<bool>());
}

TEST_P(Creation, LikeFunctionsKeepShapeAndDType) {
  const Tensor x = zeros({2, 3}, DType::int32);
  for (const Tensor& y : {empty_like(x), zeros_like(x), ones_like(x), full_like(x, 7.9)}) {
    EXPECT_EQ(y.shape(), x.shape());
    EXPECT_EQ(y.dtype(), x.dtype());
  }
  EXPECT_EQ(full_like(x, 7.9).to_vector<int>(), (std::vector<int>(6, 7)));
}

TEST_P(Creation, ArangeCountsByTheCeilingOfTheQuotient) {
  EXPECT_EQ(arange(5).to_vector<std::int64_t>(), (Int64s{0, 1, 2, 3, 4}));
  EXPECT_EQ(arange(1, 8, 3).to_vector<std::int64_t>(), (Int64s{1, 4, 7}));
  EXPECT_EQ(arange(5, -5, -4).to_vector<std::int64_t>(), (Int64s{5, 1, -3}));
  EXPECT_EQ(arange(3, 3).size(), 0);
  EXPECT_EQ(arange(0.0, 1.0, 0.25).to_vector<double>(), (std::vector<double>{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(arange(0, 1.1, 0.5).size(), 3);
}

TEST_P(Creation, ArangeIsInt64OrFloat32UnlessAskedOtherwise) {
  EXPECT_EQ(arange(3).dtype(), DType::int64);
  EXPECT_EQ(arange(0, 3, 1.0).dtype(), DType::float32);
  const Tensor x = arange(2, 5, 1, DType::uint8);
  EXPECT_EQ(x.dtype(), DType::uint8);
  EXPECT_EQ(x.to_vector<std::int64_t>(), (Int64s{2, 3, 4}));
}

TEST_P(Creation, ArangeReachesTheEndsOfInt64) {
  constexpr std::int64_t most = INT64_MAX;
  constexpr std::int64_t least = INT64_MIN;
  EXPECT_EQ(arange(most - 2, most).to_vector<std::int64_t>(), (Int64s{most - 2, most - 1}));
  EXPECT_EQ(arange(least + 1, least, -1).to_vector<std::int64_t>(), Int64s{least + 1});
  EXPECT_EQ(arange(least, most, most).to_vector<std::int64_t>(), (Int64s{least, -1, most - 1}));
  EXPECT_EQ(arange(most, least, least).to_vector<std::int64_t>(), (Int64s{most, -1}));
  EXPECT_EQ(arange((std::int64_t{1} << 53) + 1, (std::int64_t{1} << 53) + 3).to_vector<std::int64_t>(),
            (Int64s{(std::int64_t{1} << 53) + 1, (std::int64_t{1} << 53) + 2}));
}

TEST_P(Creation, ArangeRefusesStepsThatLeadAwayOrNowhere) {
  expect_error<IndexError>([] { arange(0, 5, 0); }, "[arange]");
  EXPECT_THROW(arange(0, 5, -1), IndexError);
  EXPECT_THROW(arange(5, 0), IndexError);
  EXPECT_THROW(arange(INT64_MAX, INT64_MAX - 1), IndexError);
  EXPECT_THROW(arange(0.0, NAN), IndexError);
  EXPECT_THROW(arange(0.0, 1.0, NAN), IndexError);
}

TEST_P(Creation, ArangeRefusesMoreElementsThanThereCanBe) {
  EXPECT_THROW(arange(INT64_MIN, INT64_MAX), Error);
  EXPECT_THROW(arange(INT64_MAX), Error);
  EXPECT_THROW(arange(0.0, 1e300), Error);
  EXPECT_THROW(arange(0.0, INFINITY), Error);
}

TEST_P(Creation, EyeHasOnesOnADiagonal) {
  EXPECT_EQ(eye(2, 3).to_vector<float>(), (std::vector<float>{1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(eye(3, 2, -1, DType::int64).to_vector<std::int64_t>(), (Int64s{0, 0, 1, 0, 0, 1}));
  EXPECT_EQ(eye(2, 2, 5).to_vector<float>(), (std::vector<float>(4, 0)));
  EXPECT_EQ(eye(2, 2, INT64_MIN).to_vector<float>(), (std::vector<float>(4, 0)));
  EXPECT_EQ(eye(0).size(), 0);
  EXPECT_THROW(eye(-1), ShapeError);
}

TEST(FromValues, CopiesInRowMajorOrderWithTheTypesDType) {
  std::vector<float> values = {1, 2, 3, 4};
  const Tensor x = from_values(values, {2, 2});
  values[0] = 9;
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(from_values<std::uint8_t>({1, 2}).dtype(), DType::uint8);
  EXPECT_EQ(from_values({1.5, 2.5}).dtype(), DType::float64);
  EXPECT_EQ(from_values({true, false}).dtype(), DType::boolean);
  EXPECT_EQ(from_values<double>({}, {0, 3}).shape(), (Shape{0, 3}));
}

TEST(FromValues, RefuseAnotherNumberThanTheShapes) {
  expect_error<ShapeError>([] { from_values<float>({1, 2, 3}, {2, 2}); }, "float32 (2, 2)", "16", "12");
  EXPECT_THROW(from_values<float>({1}, {-1}), ShapeError);
  EXPECT_THROW(from_values<float>({}, {}), ShapeError);
  EXPECT_THROW(from_bytes({}, {1}, DType::uint8), ShapeError);
}

TEST(Empty, RefusesShapesThatNoMachineHolds) {
  EXPECT_THROW(empty({-1}), ShapeError);
  EXPECT_THROW(empty({0, -1}), ShapeError);
  EXPECT_THROW(empty({INT64_MAX}), ShapeError);
  EXPECT_THROW(empty({std::int64_t{1} << 60}), Error);
  EXPECT_THROW(empty({std::int64_t{1} << 32, std::int64_t{1} << 32}), ShapeError);
  expect_error<OutOfMemory>([] { empty({std::int64_t{1} << 50}, DType::uint8); }, "bytes");
}

TEST(Item, NeedsExactlyOneElement) {
  EXPECT_EQ(full({1, 1}, 3).item<int>(), 3);
  expect_error<ShapeError>([] { (void)zeros({2, 3}).item<float>(); }, "[item]", "(2, 3)", "6");
  EXPECT_THROW((void)zeros({0}).item<float>(), ShapeError);
}

TEST(Data, ChecksTheElementType) {
  expect_error<DTypeError>([] { (void)zeros({2}).data<double>(); }, "float32", "float64");
}

TEST(UndefinedTensor, IsAnErrorInEveryUse) {
  const Tensor nothing;
  const Tensor x = ones({2});
  EXPECT_FALSE(nothing.defined());
  EXPECT_THROW((void)nothing.shape(), Error);
  EXPECT_THROW(neg(nothing), Error);
  EXPECT_THROW(add(x, nothing), Error);
  EXPECT_THROW(add_(x, nothing), Error);
  EXPECT_THROW(copy_(nothing, x), Error);
  EXPECT_THROW(concat({x, nothing}), Error);
  EXPECT_THROW(nothing.backward(), Error);
}

}  // namespace
}  // namespace tenon
