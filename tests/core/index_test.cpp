// Gather, scatter, selection, one-hot and joins: values, ranges and gradients.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include "../conformance/backends_under_test.h"
#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;
using Floats = std::vector<float>;
using Int64s = std::vector<std::int64_t>;

class Indexing : public test::OnEachBackend {
 protected:
  Tensor x = view(arange(12), {3, 4});
};
INSTANTIATE_TEST_SUITE_P(Backends, Indexing, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

Tensor indices(std::initializer_list<std::int64_t> values, const Shape& shape) {
  return from_values(values, shape);
}

TEST_P(Indexing, GatherPicksAlongOneAxis) {
  EXPECT_EQ(gather(x, 1, indices({3, 0, 1, 1, 2, 2}, {3, 2})).to_vector<std::int64_t>(),
            (Int64s{3, 0, 5, 5, 10, 10}));
  EXPECT_EQ(gather(x, 0, indices({2, 0}, {1, 2})).to_vector<std::int64_t>(), (Int64s{8, 1}));
  EXPECT_EQ(gather(x, -1, astype(indices({3}, {1, 1}), DType::int32)).item<int>(), 3);
}

TEST_P(Indexing, GatherRefusesOtherRanksAndDTypes) {
  expect_error<ShapeError>([&] { gather(x, 0, indices({0}, {1})); }, "[gather]", "(1,)", "(3, 4)");
  expect_error<ShapeError>(
      [&] {
        gather(x, 1, zeros({4, 1}, DType::int64));
      },
      "[gather] axis 0", "(4, 1)", "(3, 4)");
  expect_error<DTypeError>([&] { gather(x, 1, zeros({3, 1})); }, "[gather]", "float32", "int64");
  EXPECT_THROW(gather(x, 2, indices({0}, {1, 1})), IndexError);
}

TEST_P(Indexing, IndicesOutOfRangeAreIndexErrors) {
  for (const std::int64_t wrong : {std::int64_t{4}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
    expect_error<IndexError>(
        [&] {
          gather(x, 1, indices({wrong}, {1, 1}));
        },
        "[gather]", std::to_string(wrong));
    EXPECT_THROW(index_select(x, 1, indices({0, wrong}, {2})), IndexError);
    EXPECT_THROW(scatter_add(x, 1, indices({wrong}, {1, 1}), full({1, 1}, 1)), IndexError);
    EXPECT_THROW(one_hot(indices({wrong}, {1}), 4), IndexError);
  }
  EXPECT_THROW(gather(zeros({0, 2}), 0, indices({0}, {1, 1})), IndexError);
}

TEST_P(Indexing, IndexSelectTakesWholeSlices) {
  EXPECT_EQ(index_select(x, 0, indices({2, 0, 2}, {3})).to_vector<std::int64_t>(),
            (Int64s{8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11}));
  EXPECT_EQ(index_select(x, 1, slice(arange(4), 0, 1, 4, 2)).to_vector<std::int64_t>(),
            (Int64s{1, 3, 5, 7, 9, 11}));
  EXPECT_EQ(index_select(x, 0, zeros({0}, DType::int64)).shape(), (Shape{0, 4}));
  EXPECT_THROW(index_select(x, 0, zeros({1, 1}, DType::int64)), ShapeError);
}

TEST_P(Indexing, ScatterAddAccumulatesRepeatedIndices) {
  const Tensor base = zeros({3});
  const Tensor out = scatter_add(base, 0, indices({1, 1, 2, 1}, {4}), from_values<float>({1, 2, 3, 4}));
  EXPECT_EQ(out.to_vector<float>(), (Floats{0, 7, 3}));
  EXPECT_EQ(base.to_vector<float>(), (Floats{0, 0, 0})) << "x must not change";
  EXPECT_THROW(scatter_add(base, 0, indices({1}, {1}), ones({2})), ShapeError);
  EXPECT_THROW(scatter_add(full({3}, true), 0, indices({1}, {1}), full({1}, true)), DTypeError);
  EXPECT_EQ(scatter_add(base, 0, indices({1}, {1}), ones({1}, DType::float64)).dtype(), DType::float64);
}

TEST_P(Indexing, OneHotAddsAnAxis) {
  const Tensor hot = one_hot(indices({2, 0}, {2}), 3);
  EXPECT_EQ(hot.dtype(), DType::int64);
  EXPECT_EQ(hot.to_vector<std::int64_t>(), (Int64s{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(one_hot(full({}, 1), 2, DType::boolean).to_vector<bool>(), (std::vector<bool>{false, true}));
  EXPECT_EQ(one_hot(zeros({0}, DType::int64), 0).shape(), (Shape{0, 0}));
  EXPECT_THROW(one_hot(indices({0}, {1}), -1), ShapeError);
  EXPECT_THROW(one_hot(zeros({1}), 2), DTypeError);
}

TEST_P(Indexing, GradientsOfGatherScatter) {
  const Tensor w = ones({3, 2}).set_requires_grad();
  const Tensor factor = view(arange(6.0), {3, 2});
  sum(gather(w, 0, indices({2, 2, 0, 1, 2, 1}, {3, 2})) * factor).backward();
  EXPECT_EQ(w.grad().to_vector<float>(), (Floats{2, 0, 0, 8, 4, 1}));
}

TEST_P(Indexing, ConcatJoinsAndPromotes) {
  const Tensor joined = concat({x, from_values({0.5, 1.5, 2.5}, {3, 1})}, -1);
  EXPECT_EQ(joined.dtype(), DType::float64);
  EXPECT_EQ(joined.shape(), (Shape{3, 5}));
  EXPECT_EQ(select(joined, 0, 1).to_vector<double>(), (std::vector<double>{4, 5, 6, 7, 1.5}));
  EXPECT_EQ(concat({x}).storage() == x.storage(), false);
  EXPECT_EQ(concat({transpose(x), transpose(x)}, 1).shape(), (Shape{4, 6}));
}

TEST_P(Indexing, ConcatRefusesWhatDoesNotFit) {
  expect_error<ShapeError>([&] { concat({x, zeros({3, 4, 1})}); }, "[concat] (3, 4) and (3, 4, 1)");
  EXPECT_THROW(concat({x, zeros({2, 4})}, 1), ShapeError);
  EXPECT_THROW(concat(std::span<const Tensor>{}), ShapeError);
  EXPECT_THROW(concat({x}, 2), IndexError);
  EXPECT_THROW(concat({full({}, 1)}), IndexError);
}

TEST_P(Indexing, StackJoinsAlongANewAxis) {
  EXPECT_EQ(stack({full({}, 1), full({}, 2)}).to_vector<std::int64_t>(), (Int64s{1, 2}));
  EXPECT_EQ(stack({x, x, x}, -1).shape(), (Shape{3, 4, 3}));
  expect_error<ShapeError>([&] { stack({x, transpose(x)}); }, "[stack] (3, 4) and (4, 3)");
  EXPECT_THROW(stack(std::span<const Tensor>{}), ShapeError);
}

TEST_P(Indexing, GradientsOfJoinsGoToEachPiece) {
  const Tensor a = ones({2}).set_requires_grad();
  const Tensor b = ones({1}, DType::float64).set_requires_grad();
  sum(concat({a, b, a}) * arange(5.0)).backward();
  EXPECT_EQ(a.grad().to_vector<float>(), (Floats{3, 5}));
  EXPECT_EQ(b.grad().to_vector<float>(), (Floats{2}));
  EXPECT_EQ(b.grad().dtype(), DType::float64);
}

}  // namespace
}  // namespace tenon
