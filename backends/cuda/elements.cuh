// One element on the device: bfloat16 and casts, arithmetic with the wrap-around, NaN and signed zeros of
// abi.h.
#pragma once

#include <tenon/plugin/dtype.hpp>

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

namespace tenon::cuda {

/// What an element computes in: bfloat16 in float32, every other dtype in itself.
template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;

/// What is copied where only the size of an element counts.
template <typename T>
using BitsOf = std::conditional_t<
    sizeof(T) == 1, std::uint8_t,
    std::conditional_t<sizeof(T) == 2, std::uint16_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <typename T>
inline constexpr bool kFloating = std::is_floating_point_v<T> || std::is_same_v<T, bfloat16>;

template <typename T>
__device__ Compute<T> widen(T value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return __uint_as_float(static_cast<unsigned>(value.bits) << 16);
  } else {
    return value;
  }
}

/// The inverse, rounding to nearest even.
template <typename T>
__device__ T narrow(Compute<T> value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    const unsigned word = __float_as_uint(value);
    bfloat16 rounded;
    if (value != value) {
      rounded.bits = static_cast<std::uint16_t>(word >> 16 | 0x40U);  // quiet, not rounded up to infinity
    } else {
      rounded.bits = static_cast<std::uint16_t>((word + 0x7FFFU + (word >> 16 & 1U)) >> 16);
    }
    return rounded;
  } else {
    return value;
  }
}

/// The cast of TENON_OP_COPY.
template <typename To, typename From>
__device__ To cast(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, bfloat16>) {
    return cast<To>(widen(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (std::is_same_v<To, bfloat16>) {
    return narrow<bfloat16>(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From kLimit = static_cast<From>(9223372036854775808.0);
    if (value != value) return To{0};
    if (value >= kLimit) return static_cast<To>(INT64_MAX);
    if (value < -kLimit) return static_cast<To>(INT64_MIN);
    return static_cast<To>(static_cast<std::int64_t>(value));
  } else {
    return static_cast<To>(value);
  }
}

// Integers are added and multiplied modulo 2^64 and cut: unsigned, so that nothing overflows.
template <typename T>
__device__ T add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (std::is_floating_point_v<T>) {
    return a + b;
  } else {
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
}

template <typename T>
__device__ T subtract(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a - b;
  } else {
    return static_cast<T>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  }
}

template <typename T>
__device__ T multiply(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a && b;
  } else if constexpr (std::is_floating_point_v<T>) {
    return a * b;
  } else {
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  }
}

template <typename T>
__device__ bool is_nan(T value) {
  return value != value;
}

/// IEEE 754-2019's maximum and minimum: NaN wins, -0 < +0.
template <typename T>
__device__ T maximum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (is_nan(a) || is_nan(b)) return a + b;
    if (a == b) return signbit(a) ? b : a;
  }
  return a > b ? a : b;
}

template <typename T>
__device__ T minimum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (is_nan(a) || is_nan(b)) return a + b;
    if (a == b) return signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

}  // namespace tenon::cuda
