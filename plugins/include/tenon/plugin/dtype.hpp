// The element types, and one way to turn a run-time dtype into a C++ type.
#pragma once

#include <tenon/plugin/abi.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace tenon {

/// The upper half of a float32: 8 exponent bits, 7 stored mantissa bits. Storage only; arithmetic goes
/// through float, and the way back rounds to nearest even (NaN stays NaN).
struct bfloat16 {
  std::uint16_t bits = 0;

  bfloat16() = default;
  explicit bfloat16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) {
      bits = static_cast<std::uint16_t>((word >> 16) | 0x40u);
    } else {
      bits = static_cast<std::uint16_t>((word + 0x7FFFu + ((word >> 16) & 1u)) >> 16);
    }
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

enum class DType : std::uint8_t { float32, float64, bfloat16, int32, int64, uint8, boolean };

inline constexpr int kDTypeCount = 7;

namespace plugin {

/// The DLPack spelling of a dtype.
constexpr DLDataType to_dlpack(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return {kDLFloat, 32, 1};
    case DType::float64:
      return {kDLFloat, 64, 1};
    case DType::bfloat16:
      return {kDLBfloat, 16, 1};
    case DType::int32:
      return {kDLInt, 32, 1};
    case DType::int64:
      return {kDLInt, 64, 1};
    case DType::uint8:
      return {kDLUInt, 8, 1};
    case DType::boolean:
      return {TENON_DTYPE_CODE_BOOL, 8, 1};
  }
  return {kDLOpaqueHandle, 0, 0};
}

/// Thrown by from_dlpack(); a backend's call then counts as UNSUPPORTED.
class UnknownDType : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The inverse. Throws UnknownDType on a dtype that Tenon does not have, vectors of lanes included.
constexpr DType from_dlpack(DLDataType type) {
  switch (type.lanes == 1 ? type.code << 8 | type.bits : -1) {
    case kDLFloat << 8 | 32:
      return DType::float32;
    case kDLFloat << 8 | 64:
      return DType::float64;
    case kDLBfloat << 8 | 16:
      return DType::bfloat16;
    case kDLInt << 8 | 32:
      return DType::int32;
    case kDLInt << 8 | 64:
      return DType::int64;
    case kDLUInt << 8 | 8:
      return DType::uint8;
    case TENON_DTYPE_CODE_BOOL << 8 | 8:
      return DType::boolean;
    default:
      throw UnknownDType("a DLPack dtype that Tenon does not have");
  }
}

template <typename T>
struct TypeTag {
  using type = T;
};

/// Calls `f(TypeTag<T>{})` with the C++ type that holds `dtype`; bool is held as `bool`.
template <typename F>
constexpr decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return std::forward<F>(f)(TypeTag<float>{});
    case DType::float64:
      return std::forward<F>(f)(TypeTag<double>{});
    case DType::bfloat16:
      return std::forward<F>(f)(TypeTag<bfloat16>{});
    case DType::int32:
      return std::forward<F>(f)(TypeTag<std::int32_t>{});
    case DType::int64:
      return std::forward<F>(f)(TypeTag<std::int64_t>{});
    case DType::uint8:
      return std::forward<F>(f)(TypeTag<std::uint8_t>{});
    case DType::boolean:
      break;
  }
  return std::forward<F>(f)(TypeTag<bool>{});
}

/// The DType of a C++ element type.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return DType::float32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::float64;
  else if constexpr (std::is_same_v<T, bfloat16>)
    return DType::bfloat16;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return DType::int32;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return DType::int64;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return DType::uint8;
  else {
    static_assert(std::is_same_v<T, bool>, "not an element type of Tenon");
    return DType::boolean;
  }
}

constexpr bool is_floating(DType dtype) { return dtype <= DType::bfloat16; }

/// The cast of TENON_OP_COPY, for one element.
template <typename To, typename From>
To cast_element(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, bfloat16>) {
    return cast_element<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (std::is_same_v<To, bfloat16>) {
    return bfloat16(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr From limit = static_cast<From>(9223372036854775808.0);
    if (std::isnan(value)) return To{0};
    if (value >= limit) return static_cast<To>(INT64_MAX);
    if (value < -limit) return static_cast<To>(INT64_MIN);
    return static_cast<To>(static_cast<std::int64_t>(value));
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace plugin
}  // namespace tenon
