// Einsum by its definition: one loop over every letter. Its parser and its loops share nothing with the library.
#pragma once

#include <gtest/gtest.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::test {

/// What an equation gives, summed in long double.
struct Reference {
  Shape shape;
  std::vector<long double> values;
  std::vector<long double> magnitudes;  ///< the same sums of absolute values
  double terms = 1;                     ///< of each sum
};

/// The equation must be right and fit the operands.
Reference direct_einsum(std::string_view equation, std::span<const Tensor> operands);

/// Whether `actual` is the reference's result: exactly if its dtype is an integer, else within gamma_n of the sum of the
/// absolute values, n the number of operands and of terms.
testing::AssertionResult agrees(const Tensor& actual, const Reference& expected, std::size_t operands);

/// direct_einsum() and agrees() at once.
testing::AssertionResult is_einsum_of(const Tensor& actual, std::string_view equation,
                                      std::span<const Tensor> operands);

/// A tensor of small numbers that are different in every call with another seed: integers in [-4, 4], or with 53 bits.
Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed);
std::vector<Tensor> random_tensors(std::span<const Shape> shapes, DType dtype, std::uint64_t seed);

/// "(2, 3) (3,)".
std::string to_text(std::span<const Shape> shapes);

}  // namespace tenon::test
