// Gradients against central differences in float64: what TOLERANCES asks of every differentiable op and
// layer.
//
//   expect_gradients([](const Tensors& x) { return mul(x[0], x[1]); }, {a, b});
#pragma once

#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/ops.h>
#include <tenon/tensor.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace tenon::test {

using Tensors = std::vector<Tensor>;
/// What is differentiated: float64 tensors in, a float64 tensor of any shape out. It is called many times and
/// must give the same result for the same inputs.
using Differentiable = std::function<Tensor(const Tensors& inputs)>;

namespace detail {

// Weights for the elements of an output, so that <weights, output> has a gradient that tells them apart.
inline Tensor weights_for(const Tensor& output) {
  std::vector<double> values(static_cast<std::size_t>(output.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = 0.5 + 0.375 * std::sin(static_cast<double>(i) + 1);
  return from_values(values, output.shape());
}

struct Weighted {
  double value = 0;
  double magnitude = 0;  // of the terms: what rounding is relative to
};

inline Weighted weighted_sum(const Differentiable& f, const Tensors& inputs) {
  const NoGrad no_grad;
  const Tensor output = f(inputs);
  const std::vector<double> values = output.to_vector<double>();
  const std::vector<double> weights = weights_for(output).to_vector<double>();
  Weighted sum;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum.value += weights[i] * values[i];
    sum.magnitude += std::abs(weights[i] * values[i]);
  }
  return sum;
}

// d<weights, f>/d(inputs[which]), element by element: (f(x + h) - f(x - h)) / 2h.
inline std::vector<double> central_differences(const Differentiable& f, const Tensors& inputs,
                                               std::size_t which, double& magnitude) {
  const std::vector<double> at = inputs[which].to_vector<double>();
  std::vector<double> differences;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double step = 1e-5 * std::max(1.0, std::abs(at[i]));
    const auto moved = [&](double by) {
      std::vector<double> values = at;
      values[i] += by;
      Tensors changed = inputs;
      changed[which] = from_values(values, inputs[which].shape());
      return weighted_sum(f, changed);
    };
    const Weighted above = moved(step);
    const Weighted below = moved(-step);
    magnitude = std::max({magnitude, above.magnitude, below.magnitude});
    differences.push_back((above.value - below.value) / (2 * step));
  }
  return differences;
}

inline Tensors leaves(const Tensors& inputs) {
  Tensors copies;
  for (const Tensor& input : inputs) copies.push_back(clone(input.detach()).set_requires_grad());
  return copies;
}

}  // namespace detail

/// Expects the gradient of f with respect to each of `inputs` (float64; their history is ignored) to agree
/// with central differences: within 1e-6 relative, and 1e-9 of the largest term and gradient, which is what
/// differences can resolve.
inline void expect_gradients(const Differentiable& f, const Tensors& inputs) {
  ASSERT_FALSE(inputs.empty());
  const Tensors x = detail::leaves(inputs);
  const Tensor output = f(x);
  ASSERT_EQ(output.dtype(), DType::float64);
  ASSERT_GT(output.size(), 0);
  ASSERT_TRUE(output.requires_grad()) << "the output has no history";
  const Tensor weights = detail::weights_for(output);
  const Tensors gradients = grad(std::span(&output, 1), x, std::span(&weights, 1));
  for (std::size_t which = 0; which < x.size(); ++which) {
    ASSERT_EQ(x[which].dtype(), DType::float64);
    double magnitude = 0;
    const std::vector<double> expected =
        detail::central_differences(f, detail::leaves(inputs), which, magnitude);
    const Tensor gradient = gradients[which].defined() ? gradients[which] : zeros_like(x[which]);
    ASSERT_EQ(gradient.shape(), x[which].shape());
    const std::vector<double> actual = gradient.to_vector<double>();
    for (const double difference : expected) magnitude = std::max(magnitude, std::abs(difference));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double tolerance = 1e-6 * std::max(std::abs(expected[i]), std::abs(actual[i])) + 1e-9 * magnitude;
      EXPECT_NEAR(actual[i], expected[i], tolerance) << "input " << which << ", element " << i;
    }
  }
}

/// The same for the gradients themselves: <weights, df/dx> summed over the inputs, differentiated again.
inline void expect_second_derivatives(const Differentiable& f, const Tensors& inputs) {
  const Differentiable gradient_of_f = [&f](const Tensors& x) {
    const EnableGrad enable_grad;
    Tensors given = x;
    for (Tensor& input : given) {
      if (!input.requires_grad()) input = input.detach().set_requires_grad();
    }
    const Tensor output = f(given);
    const Tensor weights = detail::weights_for(output);
    Tensor sum_of_all = full({}, 0.0, DType::float64);
    for (const Tensor& gradient : grad(std::span(&output, 1), given, std::span(&weights, 1), true)) {
      if (gradient.defined()) sum_of_all = sum_of_all + sum(gradient * detail::weights_for(gradient));
    }
    return sum_of_all;
  };
  expect_gradients(gradient_of_f, inputs);
}

}  // namespace tenon::test
