// Equations at random, and smaller ones that fail in the same way.
#pragma once

#include <tenon/tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tenon::test {

enum class Arrangement : std::uint8_t { plain, permuted, sliced, expanded, diagonal };

struct RandomOperand {
  std::string term;  ///< letters, and '.' for "..."
  std::vector<std::int64_t> extents;
  Arrangement arrangement = Arrangement::plain;

  /// The axes that '.' stands for.
  [[nodiscard]] std::size_t dots() const;
};

struct RandomCase {
  std::vector<RandomOperand> operands;
  std::optional<std::string> output;
  DType dtype = DType::float64;
  std::uint64_t seed = 0;  ///< of values and of what is random in an arrangement

  [[nodiscard]] std::string equation() const;
  [[nodiscard]] std::vector<Tensor> tensors() const;
  /// All that there is to know of it, in a line.
  [[nodiscard]] std::string to_text() const;
};

/// A right equation of 1-6 operands of rank 0-5.
RandomCase random_case(std::mt19937_64& random, DType dtype);

/// The smallest case that `fails`, found by leaving out operands, letters and arrangements one by one.
RandomCase shrunk(RandomCase failing, const std::function<bool(const RandomCase&)>& fails);

}  // namespace tenon::test
