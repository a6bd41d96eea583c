// The sizes in which memory is kept for the next request.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace tenon {

/// Multiples of 64 bytes up to 512, then eight steps per power of two, so that at most one ninth of a block is
/// unused.
struct SizeClass {
  static constexpr std::size_t kUnit = 64;
  static constexpr std::size_t kLinear = 8;
  static constexpr std::size_t kCount = kLinear + std::size_t{8} * 52;

  std::size_t index;
  std::size_t bytes;

  /// The smallest class that holds `bytes`, which is at most 2^60.
  static constexpr SizeClass of(std::size_t bytes) {
    if (bytes <= kLinear * kUnit) {
      const std::size_t units = std::max<std::size_t>((bytes + kUnit - 1) / kUnit, 1);
      return {units - 1, units * kUnit};
    }
    const auto exponent = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^exponent < bytes
    const std::size_t step = std::size_t{1} << (exponent - 3);
    const std::size_t eighth = (bytes - 1 - (std::size_t{1} << exponent)) / step;
    return {kLinear + 8 * (exponent - 9) + eighth, (std::size_t{1} << exponent) + (eighth + 1) * step};
  }

  static constexpr std::size_t bytes_of(std::size_t index) {
    if (index < kLinear) return (index + 1) * kUnit;
    const std::size_t exponent = 9 + (index - kLinear) / 8;
    return (std::size_t{1} << exponent) + ((index - kLinear) % 8 + 1) * (std::size_t{1} << (exponent - 3));
  }
};

}  // namespace tenon
