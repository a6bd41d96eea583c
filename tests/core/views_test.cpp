// Views against index arithmetic: the values they show, that they copy nothing, and what they refuse.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/storage.h>
#include <tenon/views.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;
using Position = std::vector<std::int64_t>;

// x[i, j, k] = 100 i + 10 j + k.
Tensor digits(const Shape& shape) {
  Tensor x = zeros(shape, DType::int64);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    Shape along(shape.size(), 1);
    along[axis] = shape[axis];
    std::int64_t weight = 1;
    for (std::size_t i = axis + 1; i < shape.size(); ++i) weight *= 10;
    x = x + view(arange(shape[axis]) * weight, along);
  }
  return x;
}

// Expects `y` to be a view of x's memory, of `shape`, whose element at a position is what `expected` says.
void expect_view(const Tensor& y, const Tensor& x, const Shape& shape,
                 const std::function<std::int64_t(const Position&)>& expected) {
  EXPECT_EQ(y.storage(), x.storage()) << "a copy was made";
  ASSERT_EQ(y.shape(), shape);
  const std::vector<std::int64_t> values = y.to_vector<std::int64_t>();
  Position at(shape.size(), 0);
  for (const std::int64_t value : values) {
    EXPECT_EQ(value, expected(at));
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
}

TEST(Index, IntegersDropAxesAndCountFromEitherEnd) {
  const Tensor x = digits({3, 4, 5});
  expect_view(index(x, {1}), x, {4, 5}, [](const Position& p) { return 100 + 10 * p[0] + p[1]; });
  expect_view(index(x, {-1, 0, -5}), x, {}, [](const Position&) { return 200; });
}

TEST(Index, SlicesClipAsPythonDoes) {
  const Tensor x = digits({3, 4, 5});
  expect_view(index(x, {Slice{1, 100}}), x, {2, 4, 5},
              [](const Position& p) { return 100 * (p[0] + 1) + 10 * p[1] + p[2]; });
  expect_view(index(x, {Slice{-2, -1}, Slice{}, Slice{1, std::nullopt, 3}}), x, {1, 4, 2},
              [](const Position& p) { return 100 + 10 * p[1] + 1 + 3 * p[2]; });
  expect_view(index(x, {Slice{-100, 1}}), x, {1, 4, 5}, [](const Position& p) { return 10 * p[1] + p[2]; });
  EXPECT_EQ(index(x, {Slice{2, 1}}).shape(), (Shape{0, 4, 5}));
  EXPECT_EQ(index(x, {Slice{7, 9}}).shape(), (Shape{0, 4, 5}));
  EXPECT_EQ(index(x, {Slice{INT64_MIN, INT64_MAX, INT64_MAX}}).shape(), (Shape{1, 4, 5}));
}

TEST(Index, NoneAddsAnAxisAndEllipsisFillsUp) {
  const Tensor x = digits({3, 4, 5});
  expect_view(index(x, {None, 2, Ellipsis, None, 3}), x, {1, 4, 1},
              [](const Position& p) { return 203 + 10 * p[1]; });
  expect_view(index(x, {Ellipsis, Slice{0, 2}}), x, {3, 4, 2},
              [](const Position& p) { return 100 * p[0] + 10 * p[1] + p[2]; });
  expect_view(index(x, {0, 1, 2, Ellipsis}), x, {}, [](const Position&) { return 12; });
}

TEST(Index, RefusesWhatNumPyRefuses) {
  const Tensor x = digits({3, 4});
  expect_error<IndexError>([&] { index(x, {0, 4}); }, "[index] index 4 is outside axis 1 of extent 4");
  EXPECT_THROW(index(x, {-4}), IndexError);
  EXPECT_THROW(index(x, {INT64_MIN}), IndexError);
  EXPECT_THROW(index(x, {0, 0, 0}), IndexError);
  EXPECT_THROW(index(x, {Ellipsis, Ellipsis}), IndexError);
  EXPECT_THROW(index(x, {Slice{0, 2, 0}}), IndexError);
  EXPECT_THROW(index(x, {Slice{std::nullopt, std::nullopt, -1}}), IndexError);
  EXPECT_THROW(index(zeros({0}), {0}), IndexError);
}

TEST(SliceAndSelect, WorkOnOneAxis) {
  const Tensor x = digits({3, 4, 5});
  expect_view(slice(x, -1, 1, 5, 2), x, {3, 4, 2},
              [](const Position& p) { return 100 * p[0] + 10 * p[1] + 1 + 2 * p[2]; });
  expect_view(select(x, 1, -1), x, {3, 5}, [](const Position& p) { return 100 * p[0] + 30 + p[1]; });
  EXPECT_THROW(slice(x, 3, 0, 1), IndexError);
  EXPECT_THROW(select(x, 0, 3), IndexError);
}

TEST(View, KeepsRowMajorOrderAndInfersOneExtent) {
  const Tensor x = arange(24);
  const Tensor y = view(x, {2, -1, 4});
  expect_view(y, x, {2, 3, 4}, [](const Position& p) { return 12 * p[0] + 4 * p[1] + p[2]; });
  expect_view(view(y, {6, 4}), x, {6, 4}, [](const Position& p) { return 4 * p[0] + p[1]; });
  expect_view(view(select(y, 0, 1), {12}), x, {12}, [](const Position& p) { return 12 + p[0]; });
  expect_view(view(slice(x, 0, 3, 4), {}), x, {}, [](const Position&) { return 3; });
}

TEST(View, SplitsAndMergesAxesOfStridedTensorsWhereStridesAllow) {
  const Tensor x = digits({4, 6});
  expect_view(view(transpose(x), {2, 3, 4}), x, {2, 3, 4},
              [](const Position& p) { return 3 * p[0] + p[1] + 10 * p[2]; });
  expect_view(view(slice(x, 0, 0, 4, 2), {2, 2, 3}), x, {2, 2, 3},
              [](const Position& p) { return 20 * p[0] + 3 * p[1] + p[2]; });
  const Tensor three = arange(3);
  expect_view(view(expand(slice(three, 0, 2, 3), {4}), {2, 2}), three, {2, 2},
              [](const Position&) { return 2; });
}

TEST(View, RefusesWhatNeedsACopyAndWhatDoesNotCount) {
  const Tensor x = digits({4, 6});
  expect_error<ShapeError>([&] { view(transpose(x), {24}); }, "[view]", "(6, 4)", "(24,)", "reshape()");
  expect_error<ShapeError>([&] { view(x, {5, 5}); }, "[view]", "(4, 6)", "24", "(5, 5)");
  EXPECT_THROW(view(x, {-1, -1}), ShapeError);
  EXPECT_THROW(view(x, {-2, 12}), ShapeError);
  EXPECT_THROW(view(x, {-1, 5}), ShapeError);
  EXPECT_THROW(view(zeros({0}), {0, -1}), ShapeError);
  EXPECT_THROW(view(x, {std::int64_t{1} << 62, 8}), ShapeError);
}

TEST(Reshape, CopiesOnlyWhereItMust) {
  const Tensor x = digits({4, 6});
  EXPECT_EQ(reshape(x, {24}).storage(), x.storage());
  const Tensor copied = reshape(transpose(x), {24});
  EXPECT_NE(copied.storage(), x.storage());
  EXPECT_EQ(copied.to_vector<std::int64_t>(), transpose(x).to_vector<std::int64_t>());
}

TEST(Flatten, MergesARangeOfAxes) {
  const Tensor x = digits({2, 3, 4});
  EXPECT_EQ(flatten(x).shape(), Shape{24});
  EXPECT_EQ(flatten(x, 1).shape(), (Shape{2, 12}));
  EXPECT_EQ(flatten(x, 0, -2).shape(), (Shape{6, 4}));
  EXPECT_EQ(flatten(zeros({})).shape(), Shape{1});
  EXPECT_EQ(flatten(x).storage(), x.storage());
  EXPECT_THROW(flatten(x, 2, 1), IndexError);
}

TEST(Expand, StretchesWithoutCopying) {
  const Tensor x = digits({3, 1});
  expect_view(expand(x, {2, -1, 4}), x, {2, 3, 4}, [](const Position& p) { return 10 * p[1]; });
  EXPECT_EQ(expand(x, {3, 0}).size(), 0);
  EXPECT_EQ(expand(zeros({}), {5}).shape(), Shape{5});
}

TEST(Expand, RefusesOtherExtentsThanOne) {
  const Tensor x = digits({3, 1});
  expect_error<ShapeError>(
      [&] {
        expand(x, {4, 4});
      },
      "[expand] (3, 1) cannot be stretched to (4, 4): axis 0");
  EXPECT_THROW(expand(x, {1}), ShapeError);
  EXPECT_THROW(expand(x, {-1, 3, 1}), ShapeError);
  EXPECT_THROW(expand(x, {std::int64_t{1} << 40, 3, std::int64_t{1} << 40}), ShapeError);
}

TEST(Permute, MovesAxes) {
  const Tensor x = digits({2, 3, 4});
  expect_view(permute(x, {2, 0, -2}), x, {4, 2, 3},
              [](const Position& p) { return 100 * p[1] + 10 * p[2] + p[0]; });
  EXPECT_THROW(permute(x, {0, 1}), IndexError);
  EXPECT_THROW(permute(x, {0, 1, 1}), IndexError);
  EXPECT_THROW(permute(x, {0, 1, 3}), IndexError);
}

TEST(Transpose, SwapsTheLastTwoAxesByDefault) {
  const Tensor x = digits({2, 3, 4});
  expect_view(transpose(x), x, {2, 4, 3}, [](const Position& p) { return 100 * p[0] + 10 * p[2] + p[1]; });
  expect_view(transpose(x, 0, 2), x, {4, 3, 2},
              [](const Position& p) { return 100 * p[2] + 10 * p[1] + p[0]; });
  EXPECT_THROW(transpose(zeros({3})), IndexError);
}

TEST(SqueezeAndUnsqueeze, DropAndAddAxesOfExtentOne) {
  const Tensor x = digits({1, 3, 1});
  expect_view(squeeze(x), x, {3}, [](const Position& p) { return 10 * p[0]; });
  expect_view(squeeze(x, {-1}), x, {1, 3}, [](const Position& p) { return 10 * p[1]; });
  expect_view(unsqueeze(x, -1), x, {1, 3, 1, 1}, [](const Position& p) { return 10 * p[1]; });
  expect_view(unsqueeze(x, 0), x, {1, 1, 3, 1}, [](const Position& p) { return 10 * p[2]; });
  expect_error<ShapeError>([&] { squeeze(x, {1}); }, "[squeeze] axis 1 of (1, 3, 1) is not 1");
  EXPECT_THROW(unsqueeze(x, 4), IndexError);
  EXPECT_THROW(unsqueeze(zeros(Shape(kMaxRank, 1)), 0), ShapeError);
}

TEST(Diagonal, TakesAnyOffsetAndPairOfAxes) {
  const Tensor x = digits({3, 4, 5});
  expect_view(diagonal(x), x, {3, 4}, [](const Position& p) { return 100 * p[0] + 11 * p[1]; });
  expect_view(diagonal(x, 2), x, {3, 3}, [](const Position& p) { return 100 * p[0] + 11 * p[1] + 2; });
  expect_view(diagonal(x, -1), x, {3, 3}, [](const Position& p) { return 100 * p[0] + 11 * p[1] + 10; });
  expect_view(diagonal(x, 1, 2, 0), x, {4, 2},
              [](const Position& p) { return 10 * p[0] + 101 * p[1] + 100; });
  EXPECT_EQ(diagonal(x, 5).shape(), (Shape{3, 0}));
  EXPECT_EQ(diagonal(x, INT64_MIN).shape(), (Shape{3, 0}));
  EXPECT_EQ(diagonal(x, INT64_MAX).shape(), (Shape{3, 0}));
  EXPECT_THROW(diagonal(x, 0, 1, 1), IndexError);
}

TEST(Split, GivesPiecesWithASmallerLastOne) {
  const Tensor x = digits({2, 5});
  const std::vector<Tensor> pieces = split(x, 2, 1);
  ASSERT_EQ(pieces.size(), 3u);
  expect_view(pieces[1], x, {2, 2}, [](const Position& p) { return 10 * p[0] + p[1] + 2; });
  expect_view(pieces[2], x, {2, 1}, [](const Position& p) { return 10 * p[0] + 4; });
  EXPECT_EQ(split(x, INT64_MAX, 1).size(), 1u);
  EXPECT_THROW(split(x, 0), ShapeError);
}

TEST(Views, ShareWritesWithTheirBase) {
  const Tensor x = zeros({2, 3}, DType::int64);
  fill_(select(transpose(x), 0, 1), 7);
  EXPECT_EQ(x.to_vector<std::int64_t>(), (std::vector<std::int64_t>{0, 7, 0, 0, 7, 0}));
}

}  // namespace
}  // namespace tenon
