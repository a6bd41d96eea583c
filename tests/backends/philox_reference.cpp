#include "philox_reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tenon::conformance {

Words philox(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t even = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t odd = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(odd >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(odd),
               static_cast<std::uint32_t>(even >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(even)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

Words Draw::block(std::uint64_t n) const {
  const std::uint64_t low = offset_ + n;
  const std::uint32_t carry = low < offset_ ? 1 : 0;
  return philox({static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32), carry, 0},
                {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
}

std::uint32_t Draw::word(std::uint64_t i) const { return block(i / 4)[i % 4]; }

std::uint64_t Draw::bits(std::uint64_t i) const {
  const Words words = block(i / 2);
  const std::size_t half = 2 * (i % 2);
  return std::uint64_t{words[half]} << 32 | words[half + 1];
}

Real Draw::uniform(DType dtype, std::uint64_t i, double low, double high) const {
  const double u = dtype == DType::float64 ? std::ldexp(static_cast<double>(bits(i) >> 11), -53)
                                           : std::ldexp(static_cast<double>(word(i) >> 8), -24);
  const double scaled = (high - low) * u;
  const double value = low + scaled;
  if (dtype == DType::float64) {
    return value >= high && high > low ? std::nextafter(high, low) : value;
  }
  auto rounded = static_cast<float>(value);
  if (rounded >= high && high > low) {
    while (rounded >= high) rounded = std::nextafter(rounded, -std::numeric_limits<float>::infinity());
  }
  return rounded;
}

Expected Draw::normal(DType dtype, std::uint64_t i, double mean, double deviation) const {
  const std::uint64_t first = i - i % 2;
  Real u1 = 0;
  double u2 = 0;
  if (dtype == DType::float64) {
    u1 = std::ldexp(static_cast<Real>((bits(first) >> 11) + 1), -53);
    u2 = std::ldexp(static_cast<double>(bits(first + 1) >> 11), -53);
  } else {
    u1 = std::ldexp(static_cast<Real>(word(first)) + 1, -32);
    u2 = std::ldexp(static_cast<double>(word(first + 1)), -32);
  }
  const Real radius = std::sqrt(-2 * std::log(u1));
  // The angle is a double, as the definition computes in double: near a zero of cos and sin its rounding
  // counts.
  const double angle = 2 * std::numbers::pi * u2;
  const Real deviate = radius * (i % 2 == 0 ? std::cos(Real{angle}) : std::sin(Real{angle}));
  const Real want = mean + deviation * deviate;
  const Real terms = std::abs(Real{mean}) + std::abs(deviation * deviate);
  const Real bound = std::max(4 * ulp_of(dtype, round_to(dtype, want)), 4 * ulp_of(DType::float64, terms));
  return {want, Measure::distance, bound};
}

}  // namespace tenon::conformance
