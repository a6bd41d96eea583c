#include "values.h"

#include <bit>
#include <cmath>
#include <map>

namespace tenon::conformance {
namespace {

std::vector<Real> floating_specials(DType dtype) {
  const Real u = unit_roundoff(dtype);
  const Real normal = smallest_normal(dtype);
  const Real denormal = smallest_denormal(dtype);
  const Real largest = (1 - u) * 2 * std::ldexp(Real{1}, dtype == DType::float64 ? 1023 : 127);
  return {kNaN,    0.0L,   -0.0L,   kInfinity, -kInfinity, denormal,     -denormal,   normal - denormal,
          -normal, normal, largest, -largest,  1.0L,       -1.0L,        1 + 2 * u,   1 - u,
          0.5L,    -0.5L,  1.5L,    2.5L,      -2.5L,      0.5L - u / 2, 1 / (2 * u), 1 / (4 * u) + 0.5L};
}

std::vector<Real> specials(DType dtype) {
  switch (dtype) {
    case DType::int32:
      return {0, 1, -1, 2, INT32_MAX, INT32_MIN, INT32_MIN + 1, 46341, -65536, 7};
    case DType::int64:
      return {0, 1, -1, 2, INT64_MAX, INT64_MIN, INT64_MIN + 1, 3037000500, -4294967296, 7};
    case DType::uint8:
      return {0, 1, 2, 127, 128, 255, 254, 16, 7, 100};
    case DType::boolean:
      return {0, 1};
    default:
      return floating_specials(dtype);
  }
}

Real from_bits(DType dtype, std::uint64_t bits) {
  switch (dtype) {
    case DType::float32:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case DType::float64:
      return std::bit_cast<double>(bits);
    case DType::bfloat16:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    case DType::int32:
      return static_cast<std::int32_t>(bits);
    case DType::int64:
      return static_cast<Real>(static_cast<std::int64_t>(bits));
    case DType::uint8:
      return static_cast<std::uint8_t>(bits);
    case DType::boolean:
      break;
  }
  return static_cast<Real>(bits & 1);
}

template <typename F>
std::vector<Real> generate(std::int64_t n, std::uint64_t seed, F&& next) {
  Random random(seed);
  std::vector<Real> values(static_cast<std::size_t>(n));
  for (Real& value : values) value = next(random);
  return values;
}

}  // namespace

std::uint64_t Random::bits() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Real Random::between(Real low, Real high) {
  return low + (high - low) * std::ldexp(static_cast<Real>(bits() >> 11), -53);
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
}

const std::vector<Real>& special_values(DType dtype) {
  static const auto all = [] {
    std::map<DType, std::vector<Real>> table;
    for (int i = 0; i < kDTypeCount; ++i) {
      const auto key = static_cast<DType>(i);
      table[key] = specials(key);
    }
    return table;
  }();
  return all.at(dtype);
}

std::vector<Real> ordinary_values(DType dtype, std::int64_t n, std::uint64_t seed) {
  if (!is_floating(dtype)) return whole_values(dtype, n, 100, seed);
  return generate(n, seed, [dtype](Random& random) {
    const Real magnitude = round_to(dtype, random.between(0.0625L, 4));
    return random.bits() % 2 == 0 ? magnitude : -magnitude;
  });
}

std::vector<Real> whole_values(DType dtype, std::int64_t n, std::int64_t limit, std::uint64_t seed) {
  return generate(n, seed, [&](Random& random) -> Real {
    if (dtype == DType::boolean) return static_cast<Real>(random.bits() % 2);
    const auto magnitude = static_cast<Real>(random.integer(1, limit));
    return dtype == DType::uint8 || random.bits() % 2 == 0 ? magnitude : -magnitude;
  });
}

std::vector<Real> random_bit_values(DType dtype, std::int64_t n, std::uint64_t seed) {
  return generate(n, seed, [dtype](Random& random) { return from_bits(dtype, random.bits()); });
}

}  // namespace tenon::conformance
