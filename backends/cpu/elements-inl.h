// How elements are held and computed with in the vectorised translation units; compiled once per target.
#if defined(TENON_CPU_ELEMENTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_CPU_ELEMENTS_INL_H_
#undef TENON_CPU_ELEMENTS_INL_H_
#else
#define TENON_CPU_ELEMENTS_INL_H_
#endif

#include <hwy/highway.h>
#include <tenon/plugin/dtype.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

/// bool is held as the byte that it is: 0 or 1.
using Byte = std::uint8_t;

/// What an element is computed in.
template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, bfloat16>, float, T>;

template <typename T>
HWY_INLINE Compute<T> widen(T value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    return static_cast<float>(value);
  } else {
    return value;
  }
}

/// Rounds once, to the element type; a predicate's answer becomes 0 or 1.
template <typename T, typename C>
HWY_INLINE T narrow(C value) {
  if constexpr (std::is_same_v<T, bfloat16>) {
    // The SDK's rounding without its branch, so that loops over it become vector code.
    const auto word = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t rounded = (word + 0x7FFFu + ((word >> 16) & 1u)) >> 16;
    const std::uint32_t quiet = (word >> 16) | 0x40u;
    bfloat16 result;
    result.bits = static_cast<std::uint16_t>((word & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
    return result;
  } else {
    return static_cast<T>(value);
  }
}

/// The integer of the same width, in which arithmetic wraps.
template <typename T>
using Wrapping = std::make_unsigned_t<T>;

/// maximum and minimum of IEEE 754-2019: NaN wins, -0 < +0.
template <typename T>
HWY_INLINE T ieee_maximum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    // Equal values differ at most in the sign of a zero: and-ing keeps the + of either.
    const T same = __builtin_bit_cast(T, __builtin_bit_cast(Bits, a) & __builtin_bit_cast(Bits, b));
    const T larger = a > b ? a : b;
    const T ordered = a == b ? same : larger;
    return a != a ? a : (b != b ? b : ordered);
  } else {
    return a > b ? a : b;
  }
}

template <typename T>
HWY_INLINE T ieee_minimum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const T same = __builtin_bit_cast(T, __builtin_bit_cast(Bits, a) | __builtin_bit_cast(Bits, b));
    const T smaller = a < b ? a : b;
    const T ordered = a == b ? same : smaller;
    return a != a ? a : (b != b ? b : ordered);
  } else {
    return a < b ? a : b;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#endif  // TENON_CPU_ELEMENTS_INL_H_
