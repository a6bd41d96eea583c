// Comparing tensors with numbers, and tensors of numbers that differ.
#pragma once

#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/tensor.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace tenon::test {

/// Expects `x` to hold `expected` in row-major order, within `tolerance` relative to max(1, |expected|).
inline void expect_values(const Tensor& x, const std::vector<double>& expected, double tolerance = 1e-12) {
  const std::vector<double> actual = x.to_vector<double>();
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::fmax(1, std::abs(expected[i]))) << "element " << i;
  }
}

/// float64 values in [-scale, scale] that neither repeat nor hit 0.
inline Tensor varied(const Shape& shape, double scale = 2) {
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = scale * std::sin(1.7 * static_cast<double>(i) + 0.6);
  }
  return from_values(values, shape);
}

inline Tensor labels(std::initializer_list<std::int64_t> values) { return from_values(values); }

}  // namespace tenon::test
