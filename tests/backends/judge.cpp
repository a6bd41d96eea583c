#include "judge.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace tenon::conformance {
namespace {

struct Format {
  const char* name;
  std::size_t bytes;
  int digits;           // of the significand, the hidden one included
  int lowest_exponent;  // of the smallest normal
};

constexpr Format kFormats[kDTypeCount] = {
    {"float32", 4, 24, -126}, {"float64", 8, 53, -1022}, {"bfloat16", 2, 8, -126}, {"int32", 4, 0, 0},
    {"int64", 8, 0, 0},       {"uint8", 1, 0, 0},        {"bool", 1, 0, 0},
};

const Format& format_of(DType dtype) { return kFormats[static_cast<int>(dtype)]; }

/// Nearest even to 8 digits by scaling, so that no code is shared with the SDK's bit arithmetic.
float round_to_bfloat16(float value) {
  if (!std::isfinite(value) || value == 0) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int last = std::max(exponent - format_of(DType::bfloat16).digits, -126 - 7);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(static_cast<double>(value), -last)), last);
  const double largest = std::ldexp(255.0, 120);
  return std::abs(rounded) > largest ? std::copysign(std::numeric_limits<float>::infinity(), value)
                                     : static_cast<float>(rounded);
}

/// The rank of a value among the values of its dtype; zero is 0.
std::int64_t ordinal(DType dtype, Real value) {
  std::int64_t magnitude = 0;
  if (dtype == DType::float64) {
    magnitude = std::bit_cast<std::int64_t>(static_cast<double>(std::abs(value)));
  } else {
    magnitude = std::bit_cast<std::int32_t>(static_cast<float>(std::abs(value)));
    if (dtype == DType::bfloat16) magnitude >>= 16;
  }
  return std::signbit(value) ? -magnitude : magnitude;
}

bool same_bits(Real a, Real b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

bool accepts_one(DType dtype, Real got, Real want, const Expected& expected) {
  if (!is_floating(dtype)) return got == want;
  switch (expected.measure) {
    case Measure::bits:
      return same_bits(got, round_to(dtype, want));
    case Measure::ulps:
      return ulp_distance(dtype, got, round_to(dtype, want)) <= expected.bound;
    case Measure::distance:
      break;
  }
  if (!std::isfinite(want) || !std::isfinite(got)) return same_bits(got, round_to(dtype, want));
  return std::abs(got - want) <= expected.bound;
}

}  // namespace

Real unit_roundoff(DType dtype) { return std::ldexp(Real{1}, -format_of(dtype).digits); }

Real smallest_denormal(DType dtype) {
  return std::ldexp(Real{1}, format_of(dtype).lowest_exponent - format_of(dtype).digits + 1);
}

Real smallest_normal(DType dtype) { return std::ldexp(Real{1}, format_of(dtype).lowest_exponent); }

Real gamma_bound(Real n, Real u) { return n * u / (1 - n * u); }

Real round_to(DType dtype, Real value) {
  switch (dtype) {
    case DType::float32:
      return static_cast<float>(value);
    case DType::float64:
      return static_cast<double>(value);
    case DType::bfloat16:
      return round_to_bfloat16(static_cast<float>(value));
    default:
      return value;
  }
}

Real ulp_distance(DType dtype, Real a, Real b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b) ? 0 : kInfinity;
  return std::abs(static_cast<Real>(ordinal(dtype, a)) - static_cast<Real>(ordinal(dtype, b)));
}

Real ulp_of(DType dtype, Real value) {
  const Real magnitude = std::abs(value);
  if (!(magnitude >= smallest_normal(dtype))) return smallest_denormal(dtype);
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  return std::ldexp(Real{1}, exponent - format_of(dtype).digits);
}

bool accepts(DType dtype, Real got, const Expected& expected) {
  return accepts_one(dtype, got, expected.want, expected) ||
         (expected.other && accepts_one(dtype, got, *expected.other, expected));
}

bool accepts_zero(DType dtype, const Expected& expected) {
  return accepts(dtype, 0.0L, expected) || accepts(dtype, -0.0L, expected);
}

std::string explain(DType dtype, Real got, const Expected& expected) {
  char text[256];
  std::snprintf(text, sizeof(text), "got %.17Lg (%La), want %.17Lg (%La)", got, got, expected.want,
                expected.want);
  std::string line = text;
  if (is_floating(dtype) && expected.measure != Measure::bits) {
    if (expected.measure == Measure::ulps) {
      std::snprintf(text, sizeof(text), ", %.3Lg ULP apart, bound %.3Lg",
                    ulp_distance(dtype, got, round_to(dtype, expected.want)), expected.bound);
    } else {
      std::snprintf(text, sizeof(text), ", %.4Lg apart, bound %.4Lg", std::abs(got - expected.want),
                    expected.bound);
    }
    line += text;
  } else {
    line += ", bound 0";
  }
  return line;
}

const char* name_of(DType dtype) { return format_of(dtype).name; }

std::size_t size_of(DType dtype) { return format_of(dtype).bytes; }

}  // namespace tenon::conformance
