// Reproducible random numbers for searches.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon::contraction {

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers everywhere, unlike the distributions of
/// <random>.
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : state_(seed) {}

  /// Uniform in [0, 1).
  double uniform() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return static_cast<double>((z ^ z >> 31) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

}  // namespace tenon::contraction
