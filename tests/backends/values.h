// The numbers that cases are made of. Seeded and the same on every platform.
#pragma once

#include <cstdint>
#include <vector>

#include "judge.h"

namespace tenon::conformance {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA'14).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  /// In [low, high), with 53 random bits.
  Real between(Real low, Real high);
  /// In [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high);

 private:
  std::uint64_t state_;
};

/// Where something tends to go wrong: NaN, infinities, signed zeros, denormals, extremes, ties of rounding.
const std::vector<Real>& special_values(DType dtype);

/// n values of moderate size with full significands, none of them 0 (bool: both).
std::vector<Real> ordinary_values(DType dtype, std::int64_t n, std::uint64_t seed);

/// n integers in [-limit, limit] that are not 0 ([1, limit] for uint8, both for bool).
std::vector<Real> whole_values(DType dtype, std::int64_t n, std::int64_t limit, std::uint64_t seed);

/// n values with bits at random: every exponent, now and then NaN or infinity.
std::vector<Real> random_bit_values(DType dtype, std::int64_t n, std::uint64_t seed);

}  // namespace tenon::conformance
