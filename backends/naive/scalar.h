// Arithmetic on one element as abi.h defines it, shared by the families.
#pragma once

#include <tenon/plugin/dtype.hpp>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace tenon::naive {

/// What an element computes in: bfloat16 in float32, every other dtype in itself.
template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;

/// The next wider floating type: transcendental functions are computed in it and rounded once.
template <std::floating_point T>
using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;

/// What a long sum of T is held in: the next wider floating type (never below double); integers wrap in
/// place.
template <typename T>
using Accumulator =
    typename std::conditional_t<std::is_integral_v<T>, std::type_identity<T>,
                                std::conditional_t<std::is_same_v<T, double>, std::type_identity<long double>,
                                                   std::type_identity<double>>>::type;

// Wrapped arithmetic of any width is arithmetic modulo 2^64, truncated: unsigned, so that nothing overflows.
template <typename T>
constexpr std::uint64_t modular(T x) {
  return static_cast<std::uint64_t>(x);
}

/// a + b; "or" on bool.
template <typename T>
T add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (std::floating_point<T>) {
    return a + b;
  } else {
    return static_cast<T>(modular(a) + modular(b));
  }
}

/// a - b; not for bool.
template <typename T>
T subtract(T a, T b) {
  if constexpr (std::floating_point<T>) {
    return a - b;
  } else {
    return static_cast<T>(modular(a) - modular(b));
  }
}

/// a * b; "and" on bool.
template <typename T>
T multiply(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a && b;
  } else if constexpr (std::floating_point<T>) {
    return a * b;
  } else {
    return static_cast<T>(modular(a) * modular(b));
  }
}

/// -x; not for bool. A zero changes its sign too.
template <typename T>
T negate(T x) {
  if constexpr (std::floating_point<T>) {
    return -x;
  } else {
    return static_cast<T>(0 - modular(x));
  }
}

template <typename T>
bool is_nan(T x) {
  if constexpr (std::floating_point<T>) {
    return std::isnan(x);
  } else {
    return false;
  }
}

/// The larger of two, as IEEE 754-2019's maximum: NaN wins, -0 < +0.
template <typename T>
T maximum(T a, T b) {
  if constexpr (std::floating_point<T>) {
    if (std::isnan(a) || std::isnan(b)) return a + b;
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a > b ? a : b;
}

/// The smaller of two, as IEEE 754-2019's minimum: NaN wins, -0 < +0.
template <typename T>
T minimum(T a, T b) {
  if constexpr (std::floating_point<T>) {
    if (std::isnan(a) || std::isnan(b)) return a + b;
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

}  // namespace tenon::naive
