// Reductions: axes, keepdim, nothing to reduce, and errors.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/storage.h>
#include <tenon/views.h>

#include <cmath>

#include "../conformance/backends_under_test.h"
#include "expect_error.h"
#include "gradient_check.h"

namespace tenon {
namespace {

using test::expect_error;
using Floats = std::vector<float>;
using Int64s = std::vector<std::int64_t>;

class Reduce : public test::OnEachBackend {
 protected:
  Tensor x = view(arange(24), {2, 3, 4});  // x[i, j, k] = 12 i + 4 j + k
};
INSTANTIATE_TEST_SUITE_P(Backends, Reduce, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Reduce, NoAxesMeanAllAxes) {
  EXPECT_EQ(sum(x).shape(), Shape{});
  EXPECT_EQ(sum(x).item<int>(), 276);
  EXPECT_EQ(sum(x, {}, true).shape(), (Shape{1, 1, 1}));
  EXPECT_EQ(max(x).item<int>(), 23);
}

TEST_P(Reduce, AxesAreDroppedOrKept) {
  EXPECT_EQ(sum(x, {1}).shape(), (Shape{2, 4}));
  EXPECT_EQ(sum(x, {-2}, true).shape(), (Shape{2, 1, 4}));
  EXPECT_EQ(sum(x, {2, 0}).to_vector<std::int64_t>(), (Int64s{60, 92, 124}));
  EXPECT_EQ(sum(transpose(x, 0, 2), {0, 2}).to_vector<std::int64_t>(), (Int64s{60, 92, 124}));
  EXPECT_EQ(min(x, {0, 1}).to_vector<std::int64_t>(), (Int64s{0, 1, 2, 3}));
}

TEST_P(Reduce, ScalarsReduceToThemselves) {
  const Tensor scalar = full({}, 3);
  EXPECT_EQ(sum(scalar).item<int>(), 3);
  EXPECT_EQ(prod(scalar).item<int>(), 3);
  EXPECT_EQ(argmax(scalar).item<int>(), 0);
  EXPECT_EQ(var(full({}, 3.0), {}, 0).item<float>(), 0);
  EXPECT_THROW(sum(scalar, {0}), IndexError);
}

TEST_P(Reduce, DTypesFollowPyTorch) {
  EXPECT_EQ(sum(full({3}, true)).dtype(), DType::int64);
  EXPECT_EQ(sum(full({3}, true)).item<int>(), 3);
  EXPECT_EQ(prod(full({3}, 200, DType::uint8)).item<int>(), 8000000);
  EXPECT_EQ(mean(x).dtype(), DType::float32);
  EXPECT_EQ(mean(x).item<float>(), 11.5F);
  EXPECT_EQ(max(full({3}, 200, DType::uint8)).dtype(), DType::uint8);
  EXPECT_EQ(any(x).dtype(), DType::boolean);
  EXPECT_EQ(argmin(x).dtype(), DType::int64);
  EXPECT_EQ(sum(zeros({2}, DType::float64)).dtype(), DType::float64);
}

TEST_P(Reduce, NothingSumsToZeroAndMultipliesToOne) {
  const Tensor nothing = zeros({2, 0});
  EXPECT_EQ(sum(nothing, {1}).to_vector<float>(), (Floats{0, 0}));
  EXPECT_EQ(prod(nothing, {1}).to_vector<float>(), (Floats{1, 1}));
  EXPECT_TRUE(std::isnan(mean(nothing).item<float>()));
  EXPECT_FALSE(any(nothing).item<bool>());
  EXPECT_TRUE(all(nothing).item<bool>());
  EXPECT_EQ(sum(nothing, {0}).shape(), Shape{0});
}

TEST_P(Reduce, NothingHasNoExtremum) {
  expect_error<ShapeError>([] { max(zeros({2, 0}), {1}); }, "[max]", "(2, 0)");
  EXPECT_THROW(min(zeros({0})), ShapeError);
  EXPECT_THROW(argmax(zeros({0})), ShapeError);
  EXPECT_THROW(argmin(zeros({3, 0}), {1}), ShapeError);
  EXPECT_EQ(max(zeros({2, 0}), {0}).shape(), Shape{0});
  EXPECT_EQ(argmax(zeros({0, 3}), {1}).shape(), Shape{0});
}

TEST_P(Reduce, WrongAxesAreIndexErrorsThatNameTheOp) {
  expect_error<IndexError>([&] { sum(x, {3}); }, "[sum] axis 3 is outside [-3, 3)");
  expect_error<IndexError>([&] { mean(x, {1, -2}); }, "[mean]", "twice");
  expect_error<IndexError>([&] { softmax(zeros({2}), 1); }, "[softmax]");
  expect_error<IndexError>([&] { logsumexp(zeros({2}), {1}); }, "[logsumexp]");
  expect_error<IndexError>([&] { var(zeros({2}), {1}); }, "[var]");
}

TEST_P(Reduce, ArgumentsOfExtremaAreTheFirst) {
  EXPECT_EQ(argmax(from_values<float>({1, 3, 3})).item<int>(), 1);
  EXPECT_EQ(argmin(from_values<float>({0.0F, -0.0F})).item<int>(), 0);
  EXPECT_EQ(argmax(from_values<float>({-0.0F, 0.0F})).item<int>(), 0);
  EXPECT_EQ(argmax(from_values<float>({1, NAN, 5, NAN})).item<int>(), 1);
  EXPECT_EQ(argmax(x, {0, 2}).to_vector<std::int64_t>(), (Int64s{7, 7, 7}));
}

TEST_P(Reduce, NaNWinsInMaxAndMin) {
  const Tensor y = from_values<float>({1, NAN, 2});
  EXPECT_TRUE(std::isnan(max(y).item<float>()));
  EXPECT_TRUE(std::isnan(min(y).item<float>()));
}

TEST_P(Reduce, TiedExtremaShareTheGradient) {
  const Tensor y = from_values<float>({2, 5, 5, 1}).set_requires_grad();
  EXPECT_EQ(grad(max(y), {y})[0].to_vector<float>(), (Floats{0, 0.5, 0.5, 0}));
}

TEST_P(Reduce, ProductsWithZerosHaveExactGradients) {
  const auto gradient = [](std::initializer_list<float> values) {
    const Tensor y = from_values<float>(values).set_requires_grad();
    return grad(prod(y), {y})[0].to_vector<float>();
  };
  EXPECT_EQ(gradient({2, 3, 4}), (Floats{12, 8, 6}));
  EXPECT_EQ(gradient({2, 0, 4}), (Floats{0, 8, 0}));
  EXPECT_EQ(gradient({0, 0, 4}), (Floats{0, 0, 0}));
}

TEST_P(Reduce, ProductsWithZerosCanBeDifferentiatedTwice) {
  const test::Differentiable f = [](const test::Tensors& x) { return prod(x[0], {0}); };
  const test::Tensors at = {from_values<double>({2, 0, 0, 1, -1.5, 3, 0.5, 0, 0, 0, 2, 1, 4, 1, 3}, {5, 3})};
  test::expect_gradients(f, at);
  test::expect_second_derivatives(f, at);
}

TEST_P(Reduce, TheGradientOfALongProductWithAZeroTakesLittleMemory) {
  constexpr std::int64_t kTerms = 20000;  // whose square would take 1.6 GB
  const Tensor y = ones({kTerms});
  fill_(slice(y, 0, 7, 8), 0);
  y.set_requires_grad();
  const auto before = host_memory::statistics();
  const Tensor gradient = grad(prod(y), {y})[0];
  EXPECT_EQ(sum(gradient).item<float>(), 1);
  EXPECT_LE(host_memory::statistics().peak, std::max(before.peak, before.in_use + (std::size_t{64} << 20)));
}

TEST_P(Reduce, VarianceDividesByTheCorrectedCount) {
  const Tensor y = from_values<float>({1, 2, 3, 6});
  EXPECT_FLOAT_EQ(var(y).item<float>(), 14.0F / 3);
  EXPECT_FLOAT_EQ(var(y, {}, 0).item<float>(), 3.5F);
  EXPECT_FLOAT_EQ(stddev(y, {}, 0).item<float>(), std::sqrt(3.5F));
  EXPECT_TRUE(std::isnan(var(ones({1})).item<float>()));
}

TEST_P(Reduce, SoftmaxIsStableAndSumsToOne) {
  const Tensor y = from_values<float>({1000, 1001, -1000});
  EXPECT_FLOAT_EQ(sum(softmax(y)).item<float>(), 1);
  EXPECT_FLOAT_EQ(log_softmax(y).to_vector<float>()[2], -2001.3133F);
  EXPECT_FLOAT_EQ(logsumexp(y).item<float>(), 1001.3133F);
}

TEST_P(Reduce, SoftmaxOfNothingIsNothingAndKeepsItsHistory) {
  for (const auto& f : {softmax, log_softmax}) {
    for (const std::int64_t axis : {0, 1}) {
      const Tensor y = zeros({0, 3}).set_requires_grad();
      EXPECT_EQ(f(y, axis).shape(), (Shape{0, 3}));
      sum(f(y, axis)).backward();
      EXPECT_EQ(y.grad().shape(), (Shape{0, 3}));
    }
  }
}

TEST_P(Reduce, LogsumexpTakesInfinitiesAndNothing) {
  EXPECT_EQ(logsumexp(from_values<float>({-INFINITY, -INFINITY})).item<float>(), -INFINITY);
  EXPECT_EQ(logsumexp(from_values<float>({1, INFINITY})).item<float>(), INFINITY);
  EXPECT_FLOAT_EQ(logsumexp(from_values<float>({-INFINITY, 2})).item<float>(), 2);
  EXPECT_EQ(logsumexp(zeros({2, 0}), {0}).shape(), Shape{0});
}

}  // namespace
}  // namespace tenon
