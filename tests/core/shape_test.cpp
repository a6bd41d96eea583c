// Dims, shapes, strides, axes and broadcasting as arithmetic.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/shape.h>

#include <cstdint>
#include <vector>

#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

TEST(Dims, KeepTheirValuesWhenCopiedOverLongerAndShorterOnes) {
  Dims dims{1, 2, 3};
  const Dims shorter{9};
  dims = shorter;
  EXPECT_EQ(dims, Dims{9});
  dims = Dims{4, 5, 6, 7};
  EXPECT_EQ(dims, (Dims{4, 5, 6, 7}));
}

TEST(Dims, InsertAndEraseAtAnyPosition) {
  Dims dims{1, 3};
  dims.insert(1, 2);
  dims.insert(0, 0);
  dims.push_back(4);
  EXPECT_EQ(dims, (Dims{0, 1, 2, 3, 4}));
  dims.erase(0);
  dims.erase(3);
  EXPECT_EQ(dims, (Dims{1, 2, 3}));
}

TEST(Dims, HoldThirtyTwoValuesAndNoMore) {
  Dims dims(kMaxRank, 1);
  EXPECT_EQ(dims.size(), 32u);
  EXPECT_THROW(dims.push_back(1), ShapeError);
  EXPECT_EQ(dims.size(), 32u);
  EXPECT_THROW(Dims(kMaxRank + 1, 1), ShapeError);
  EXPECT_THROW(Dims(std::span<const std::int64_t>(std::vector<std::int64_t>(33, 1))), ShapeError);
}

TEST(Dims, PrintAsPythonTuples) {
  EXPECT_EQ(to_string(Dims{}), "()");
  EXPECT_EQ(to_string(Dims{5}), "(5,)");
  EXPECT_EQ(to_string(Dims{2, 3}), "(2, 3)");
}

TEST(ElementCount, IsTheProductOfTheExtents) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({2, 0, 4}), 0);
}

TEST(ElementCount, RefusesNegativeExtentsEvenBesideZeros) {
  EXPECT_THROW(element_count({2, -1}), ShapeError);
  EXPECT_THROW(element_count({0, -1}), ShapeError);
  EXPECT_THROW(element_count({-1, 0}), ShapeError);
}

TEST(ElementCount, RefusesMoreThanAnInt64Holds) {
  EXPECT_THROW(element_count({kHuge, 4}), ShapeError);
  EXPECT_THROW(element_count({INT64_MAX, INT64_MAX, INT64_MAX}), ShapeError);
  EXPECT_EQ(element_count({INT64_MAX}), INT64_MAX);
}

TEST(ElementCount, JudgesTheOtherExtentsOfAnEmptyShapeInAnyOrder) {
  EXPECT_EQ(element_count({0, kHuge}), 0);
  EXPECT_THROW(element_count({kHuge, kHuge, 0}), ShapeError);
  EXPECT_THROW(element_count({0, kHuge, kHuge}), ShapeError);
  EXPECT_THROW(zeros({0, kHuge, kHuge}), ShapeError);
}

TEST(ContiguousStrides, AreRowMajor) {
  EXPECT_EQ(contiguous_strides({2, 3, 4}), (Strides{12, 4, 1}));
  EXPECT_EQ(contiguous_strides({}), Strides{});
}

TEST(NormalizeAxis, CountsNegativeAxesFromTheEnd) {
  EXPECT_EQ(normalize_axis("op", -1, 3), 2u);
  EXPECT_EQ(normalize_axis("op", -3, 3), 0u);
  EXPECT_EQ(normalize_axis("op", 2, 3), 2u);
}

TEST(NormalizeAxis, NamesTheOpAndTheRange) {
  expect_error<IndexError>([] { normalize_axis("sum", 3, 3); }, "[sum] axis 3 is outside [-3, 3)");
  EXPECT_THROW(normalize_axis("sum", -4, 3), IndexError);
  EXPECT_THROW(normalize_axis("sum", 0, 0), IndexError);
  EXPECT_THROW(normalize_axis("sum", INT64_MIN, 3), IndexError);
}

TEST(AxisMask, MeansAllAxesIfNoneIsNamed) {
  EXPECT_EQ(axis_mask("op", {}, 0), 0u);
  EXPECT_EQ(axis_mask("op", {}, 3), 7u);
  EXPECT_EQ(axis_mask("op", {}, 32), 0xFFFFFFFFu);
}

TEST(AxisMask, RefusesAnAxisNamedTwiceUnderAnySign) {
  EXPECT_EQ(axis_mask("op", {-1, 0}, 3), 5u);
  EXPECT_THROW(axis_mask("op", {0, 0}, 3), IndexError);
  EXPECT_THROW(axis_mask("op", {2, -1}, 3), IndexError);
}

TEST(BroadcastShapes, AlignAtTheLastAxisAndStretchOnes) {
  EXPECT_EQ(broadcast_shapes("op", {2, 1, 4}, {3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast_shapes("op", {}, {5}), Shape{5});
  EXPECT_EQ(broadcast_shapes("op", {1}, {0}), Shape{0});
  EXPECT_EQ(broadcast_shapes("op", {0, 1}, {1, 7}), (Shape{0, 7}));
}

TEST(BroadcastShapes, NameTheAxisThatDisagrees) {
  expect_error<ShapeError>(
      [] {
        broadcast_shapes("add", {2, 3}, {4, 2, 4});
      },
      "[add] (2, 3) and (4, 2, 4) do not broadcast: axis -1 is 3 and 4");
  EXPECT_THROW(broadcast_shapes("add", {0}, {2}), ShapeError);
}

TEST(BroadcastStrides, AreZeroOnStretchedAndNewAxes) {
  EXPECT_EQ(broadcast_strides({3, 1}, {1, 1}, {2, 3, 4}), (Strides{0, 1, 0}));
  EXPECT_EQ(broadcast_strides({2, 3}, {3, 1}, {2, 3}), (Strides{3, 1}));
}

}  // namespace
}  // namespace tenon
