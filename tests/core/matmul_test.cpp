// Products: ranks, batches, empty contractions, layouts and error texts.
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

class Matmul : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Matmul, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

Tensor counted(const Shape& shape, DType dtype = DType::float32) {
  return astype(view(arange(element_count(shape)) - 3, shape), dtype);
}

// The definition, with broadcasting and a sum.
Tensor by_definition(const Tensor& a, const Tensor& b) {
  return sum(unsqueeze(a, -1) * unsqueeze(b, -3), {-2});
}

TEST_P(Matmul, OfMatricesIsTheDefinition) {
  const Tensor a = counted({3, 5});
  const Tensor b = counted({5, 4});
  EXPECT_TRUE(equal(matmul(a, b), by_definition(a, b)));
}

TEST_P(Matmul, AVectorIsARowOnTheLeftAndAColumnOnTheRight) {
  const Tensor v = counted({5});
  EXPECT_EQ(matmul(v, v).shape(), Shape{});
  EXPECT_EQ(matmul(v, v).item<float>(), 9 + 4 + 1 + 0 + 1);
  EXPECT_EQ(matmul(v, counted({5, 2})).shape(), Shape{2});
  EXPECT_EQ(matmul(counted({2, 5}), v).shape(), Shape{2});
  EXPECT_EQ(matmul(v, counted({3, 5, 2})).shape(), (Shape{3, 2}));
  EXPECT_EQ(matmul(counted({3, 2, 5}), v).shape(), (Shape{3, 2}));
  EXPECT_TRUE(equal(matmul(counted({3, 2, 5}), v), sum(counted({3, 2, 5}) * v, {-1})));
}

TEST_P(Matmul, BatchAxesBroadcast) {
  const Tensor a = counted({2, 1, 3, 4});
  const Tensor b = counted({5, 4, 2});
  const Tensor product = matmul(a, b);
  EXPECT_EQ(product.shape(), (Shape{2, 5, 3, 2}));
  EXPECT_TRUE(equal(product, by_definition(a, b)));
  EXPECT_TRUE(equal(matmul(a, select(b, 0, 0)), by_definition(a, select(b, 0, 0))));
  EXPECT_TRUE(equal(matmul(select(a, 0, 0), b), by_definition(select(a, 0, 0), b)));
}

TEST_P(Matmul, TakesAnyLayout) {
  const Tensor a = transpose(counted({5, 3}));
  const Tensor b = slice(counted({10, 4}), 0, 1, 10, 2);
  const Tensor row = expand(counted({1, 5}), {3, 5});
  EXPECT_TRUE(equal(matmul(a, b), by_definition(a, b)));
  EXPECT_TRUE(equal(matmul(row, b), by_definition(row, b)));
  const Tensor batch = transpose(counted({3, 2, 5}), 0, 1);
  EXPECT_TRUE(equal(matmul(batch, b), by_definition(batch, b)));
}

TEST_P(Matmul, AnEmptyContractionIsZero) {
  EXPECT_EQ(matmul(zeros({2, 0}), zeros({0, 3})).to_vector<float>(), Floats(6, 0));
  EXPECT_EQ(matmul(zeros({0}), zeros({0})).item<float>(), 0);
  EXPECT_EQ(matmul(zeros({4, 2, 0}), zeros({0, 3})).to_vector<float>(), Floats(24, 0));
  EXPECT_EQ(matmul(zeros({0, 5}), zeros({5, 3})).shape(), (Shape{0, 3}));
  EXPECT_EQ(matmul(zeros({2, 3, 5}), zeros({5, 0})).shape(), (Shape{2, 3, 0}));
}

TEST_P(Matmul, PromotesAndMultipliesIntegersExactly) {
  const Tensor a = counted({2, 3}, DType::int32);
  EXPECT_EQ(matmul(a, counted({3, 2}, DType::float64)).dtype(), DType::float64);
  const Tensor big = full({1, 2}, std::int64_t{1} << 40);
  EXPECT_EQ(matmul(big, full({2, 1}, (std::int64_t{1} << 20) + 1)).item<std::int64_t>(),
            ((std::int64_t{1} << 41) * ((std::int64_t{1} << 20) + 1)));
}

TEST_P(Matmul, ErrorsNameShapesAndTheAxesThatDisagree) {
  expect_error<ShapeError>(
      [] {
        matmul(zeros({2, 3}), zeros({4, 5}));
      },
      "[matmul] (2, 3) x (4, 5): a's axis 1 is 3, b's axis 0 is 4");
  expect_error<ShapeError>([] { matmul(zeros({3}), zeros({4})); },
                           "[matmul] (3,) x (4,): a's axis 0 is 3, b's axis 0 is 4");
  expect_error<ShapeError>(
      [] {
        matmul(zeros({2, 2, 3}), zeros({2, 4, 5}));
      },
      "[matmul] (2, 2, 3) x (2, 4, 5): a's axis 2 is 3, b's axis 1 is 4");
  expect_error<ShapeError>([] { matmul(zeros({}), zeros({4})); }, "[matmul] () x (4,)", "mul()");
  expect_error<ShapeError>(
      [] {
        matmul(zeros({2, 3, 4}), zeros({3, 4, 5}));
      },
      "[matmul]", "do not broadcast");
}

TEST_P(Matmul, GradientOfABroadcastMatrixIsSummedOverTheBatch) {
  const Tensor a = counted({4, 3, 5});
  const Tensor b = counted({5, 2}).set_requires_grad();
  sum(matmul(a, b)).backward();
  const Tensor column = sum(a, {0, 1});
  EXPECT_TRUE(equal(b.grad(), contiguous(expand(unsqueeze(column, 1), {5, 2}))));
}

class Linear : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Linear, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Linear, IsXTimesWeightTransposedPlusBias) {
  const Tensor weight = counted({4, 5});
  const Tensor bias = counted({4});
  for (const Shape& shape : {Shape{5}, Shape{3, 5}, Shape{2, 3, 5}, Shape{0, 5}, Shape{2, 0, 5}}) {
    const Tensor x = counted(shape);
    EXPECT_TRUE(equal(linear(x, weight), matmul(x, transpose(weight)))) << to_string(shape);
    EXPECT_TRUE(equal(linear(x, weight, bias), matmul(x, transpose(weight)) + bias)) << to_string(shape);
  }
}

TEST_P(Linear, WithoutInputsIsTheBias) {
  const Tensor bias = counted({4});
  for (const Shape& shape : {Shape{0}, Shape{3, 0}, Shape{2, 3, 0}}) {
    Shape out = shape;
    out[out.size() - 1] = 4;
    EXPECT_TRUE(equal(linear(zeros(shape), zeros({4, 0}), bias), contiguous(expand(bias, out))))
        << to_string(shape);
  }
}

TEST_P(Linear, TakesTransposedInputsAndPromotes) {
  const Tensor x = permute(counted({5, 3, 2}), {2, 1, 0});
  const Tensor out = linear(x, counted({4, 5}, DType::float64), counted({4}, DType::int32));
  EXPECT_EQ(out.dtype(), DType::float64);
  EXPECT_TRUE(equal(out, matmul(x, transpose(counted({4, 5}, DType::float64))) + counted({4}, DType::int32)));
}

TEST_P(Linear, ErrorsNameShapes) {
  expect_error<ShapeError>(
      [] {
        linear(zeros({2, 3}), zeros({4, 5}));
      },
      "[linear] (2, 3) x (4, 5): a's axis 1 is 3, b's axis 1 is 5");
  expect_error<ShapeError>(
      [] {
        linear(zeros({2, 5}), zeros({4, 5}), zeros({5}));
      },
      "[linear] bias is (5,)", "(4,)");
  EXPECT_THROW(linear(zeros({}), zeros({4, 5})), ShapeError);
  EXPECT_THROW(linear(zeros({5}), zeros({5})), ShapeError);
}

TEST_P(Linear, OuterTakesTwoVectors) {
  EXPECT_EQ(outer(counted({2}), counted({3})).to_vector<float>(), (Floats{9, 6, 3, 6, 4, 2}));
  EXPECT_THROW(outer(counted({2, 1}), counted({3})), ShapeError);
}

}  // namespace
}  // namespace tenon
