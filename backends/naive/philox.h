// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11,
// section 3.3. A counter-based generator: word i is a pure function of (seed, offset, i), so nothing depends
// on the order in which elements are made. abi.h, at TENON_OP_INIT, fixes how elements are derived from
// words.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>

namespace tenon::naive {

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// Ten rounds of multiply, xor and permute; the key is bumped by the Weyl constants between rounds.
inline PhiloxBlock philox4x32_10(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    const auto high = [](std::uint64_t p) { return static_cast<std::uint32_t>(p >> 32); };
    const auto low = [](std::uint64_t p) { return static_cast<std::uint32_t>(p); };
    counter = {high(p1) ^ counter[1] ^ key[0], low(p1), high(p0) ^ counter[3] ^ key[1], low(p0)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

/// The words of one draw, and the bits, uniforms and normals derived from them.
class PhiloxStream {
 public:
  PhiloxStream(std::uint64_t seed, std::uint64_t offset)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        offset_(offset),
        block_(compute_block(0)) {}

  /// word(i) = block(i div 4)[i mod 4]
  std::uint32_t word(std::uint64_t i) { return block(i / 4)[i % 4]; }

  /// bits(i): hi and lo are one half of block(i div 2).
  std::uint64_t bits(std::uint64_t i) {
    const PhiloxBlock& words = block(i / 2);
    const std::uint64_t hi = words[2 * (i % 2)];
    const std::uint64_t lo = words[2 * (i % 2) + 1];
    return hi << 32 | lo;
  }

  /// u in [0, 1): the top 24 (float) or 53 (double) bits, as a fraction.
  template <typename T>
  double unit(std::uint64_t i) {
    if constexpr (std::is_same_v<T, float>) {
      return (word(i) >> 8) * 0x1p-24;
    } else {
      return static_cast<double>(bits(i) >> 11) * 0x1p-53;
    }
  }

  /// low + (high - low) u, kept below high where rounding would reach it.
  template <typename T>
  T uniform(std::uint64_t i, double low, double high) {
    const double t = (high - low) * unit<T>(i);
    const T value = static_cast<T>(low + t);
    return value >= high && high > low ? next_below<T>(high) : value;
  }

  /// Box and Muller 1958: two uniforms make two normals, here elements 2j (cosine) and 2j + 1 (sine). u1 is
  /// in (0, 1], so the logarithm is finite.
  template <typename T>
  T normal(std::uint64_t i, double mean, double deviation) {
    const std::uint64_t first = i - i % 2;
    const auto [u1, u2] = box_muller_uniforms<T>(first);
    const double r = std::sqrt(-2 * std::log(u1));
    const double angle = 2 * std::numbers::pi * u2;
    return static_cast<T>(mean + deviation * (r * (i == first ? std::cos(angle) : std::sin(angle))));
  }

 private:
  template <typename T>
  static T next_below(double high) {
    const T nearest = static_cast<T>(high);
    return nearest < high ? nearest : std::nextafter(nearest, -std::numeric_limits<T>::infinity());
  }

  template <typename T>
  std::pair<double, double> box_muller_uniforms(std::uint64_t first) {
    if constexpr (std::is_same_v<T, float>) {
      return {(word(first) + 1.0) * 0x1p-32, word(first + 1) * 0x1p-32};
    } else {
      return {static_cast<double>((bits(first) >> 11) + 1) * 0x1p-53,
              static_cast<double>(bits(first + 1) >> 11) * 0x1p-53};
    }
  }

  // Neighbours share a block, so the last one is kept.
  const PhiloxBlock& block(std::uint64_t n) {
    if (n != n_) {
      block_ = compute_block(n);
      n_ = n;
    }
    return block_;
  }

  [[nodiscard]] PhiloxBlock compute_block(std::uint64_t n) const {
    const std::uint64_t low = offset_ + n;
    const std::uint32_t carry = low < n ? 1 : 0;
    return philox4x32_10({static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32), carry, 0},
                         key_);
  }

  PhiloxKey key_;
  std::uint64_t offset_;
  std::uint64_t n_ = 0;
  PhiloxBlock block_;
};

}  // namespace tenon::naive
