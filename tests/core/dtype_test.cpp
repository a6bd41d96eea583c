// Element types: names, sizes, promotion as PyTorch's lattice, numbers beside tensors.
#include <gtest/gtest.h>
#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/scalar.h>

#include <array>
#include <limits>

#include "expect_error.h"

namespace tenon {
namespace {

using enum DType;

constexpr std::array kOrder = {boolean, uint8, int32, int64, bfloat16, float32, float64};

TEST(Promote, IsTorchPromoteTypes) {
  // Rows and columns in the order of kOrder; from torch.promote_types of PyTorch 2.
  constexpr DType kTable[7][7] = {
      {boolean, uint8, int32, int64, bfloat16, float32, float64},
      {uint8, uint8, int32, int64, bfloat16, float32, float64},
      {int32, int32, int32, int64, bfloat16, float32, float64},
      {int64, int64, int64, int64, bfloat16, float32, float64},
      {bfloat16, bfloat16, bfloat16, bfloat16, bfloat16, float32, float64},
      {float32, float32, float32, float32, float32, float32, float64},
      {float64, float64, float64, float64, float64, float64, float64},
  };
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    for (std::size_t j = 0; j < kOrder.size(); ++j) {
      EXPECT_EQ(promote(kOrder[i], kOrder[j]), kTable[i][j])
          << name(kOrder[i]) << " with " << name(kOrder[j]);
    }
  }
}

TEST(DTypeName, RoundTripsThroughParse) {
  for (const DType dtype : kOrder) EXPECT_EQ(parse_dtype(name(dtype)), dtype);
}

TEST(ParseDType, ListsTheNamesWhenItFails) {
  test::expect_error<DTypeError>([] { parse_dtype("float16"); }, "float16", "bfloat16", "int64", "bool");
  EXPECT_THROW(parse_dtype(""), DTypeError);
}

TEST(ItemSize, IsThatOfTheCppType) {
  EXPECT_EQ(item_size(float64), 8u);
  EXPECT_EQ(item_size(float32), 4u);
  EXPECT_EQ(item_size(bfloat16), 2u);
  EXPECT_EQ(item_size(int64), 8u);
  EXPECT_EQ(item_size(int32), 4u);
  EXPECT_EQ(item_size(uint8), 1u);
  EXPECT_EQ(item_size(boolean), 1u);
}

TEST(ToFloating, KeepsFloatsAndTurnsTheRestIntoFloat32) {
  for (const DType dtype : {float32, float64, bfloat16}) EXPECT_EQ(to_floating(dtype), dtype);
  for (const DType dtype : {boolean, uint8, int32, int64}) EXPECT_EQ(to_floating(dtype), float32);
}

TEST(Scalar, RaisesOnlyTheCategoryBesideATensor) {
  for (const DType dtype : kOrder) EXPECT_EQ(Scalar(true).beside(dtype), dtype);
  EXPECT_EQ(Scalar(2).beside(boolean), int64);
  EXPECT_EQ(Scalar(2).beside(uint8), uint8);
  EXPECT_EQ(Scalar(2).beside(bfloat16), bfloat16);
  EXPECT_EQ(Scalar(2.5).beside(int64), float32);
  EXPECT_EQ(Scalar(2.5).beside(boolean), float32);
  EXPECT_EQ(Scalar(2.5).beside(bfloat16), bfloat16);
  EXPECT_EQ(Scalar(2.5F).beside(float64), float64);
}

TEST(Scalar, KeepsAllBitsOfAnInt64) {
  EXPECT_EQ(Scalar(std::numeric_limits<std::int64_t>::max()).integer(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Scalar(std::numeric_limits<std::int64_t>::min()).integer(),
            std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace tenon
