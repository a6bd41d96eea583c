// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11) and the
// draws that abi.h derives from it, for one logical element at a time.
#pragma once

#include <array>
#include <cstdint>

#include "judge.h"

namespace tenon::conformance {

using Words = std::array<std::uint32_t, 4>;

/// The ten rounds; counter and key lowest word first.
Words philox(Words counter, std::array<std::uint32_t, 2> key);

/// A draw of abi.h: a function of (seed, offset, element).
class Draw {
 public:
  Draw(std::uint64_t seed, std::uint64_t offset) : seed_(seed), offset_(offset) {}

  [[nodiscard]] std::uint32_t word(std::uint64_t i) const;
  /// UNIFORM in [low, high) of float32 or float64, exactly.
  [[nodiscard]] Real uniform(DType dtype, std::uint64_t i, double low, double high) const;
  /// NORMAL, with its bound: 4 ULP of the result, or of the terms where mean and deviate cancel.
  [[nodiscard]] Expected normal(DType dtype, std::uint64_t i, double mean, double deviation) const;

 private:
  [[nodiscard]] Words block(std::uint64_t n) const;
  [[nodiscard]] std::uint64_t bits(std::uint64_t i) const;

  std::uint64_t seed_;
  std::uint64_t offset_;
};

}  // namespace tenon::conformance
