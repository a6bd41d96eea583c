// TERNARY on dense arrays.
#include "cpu/tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/ternary_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

struct Clamp {
  template <typename T>
  HWY_INLINE T operator()(T a, T low, T high) const {
    return ieee_minimum(ieee_maximum(a, low), high);
  }
};

struct MultiplyAdd {
  template <typename T>
  HWY_INLINE T operator()(T a, T b, T c) const {
    if constexpr (std::is_integral_v<T>) {
      using U = Wrapping<T>;
      return static_cast<T>(static_cast<U>(a) + static_cast<U>(static_cast<U>(b) * static_cast<U>(c)));
    } else {
      return a + b * c;
    }
  }
};

template <typename Op, typename T>
void ternary_loop(const void* a, const void* b, const void* c, void* out, std::size_t n) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  const T* z = static_cast<const T*>(c);
  T* to = static_cast<T*>(out);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) to[i] = narrow<T>(Op{}(widen(x[i]), widen(y[i]), widen(z[i])));
}

/// Moves words, whatever they mean.
template <typename Word>
void where_loop(const void* a, const void* b, const void* c, void* out, std::size_t n) {
  const Byte* condition = static_cast<const Byte*>(a);
  const Word* x = static_cast<const Word*>(b);
  const Word* y = static_cast<const Word*>(c);
  Word* to = static_cast<Word*>(out);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) to[i] = condition[i] != 0 ? x[i] : y[i];
}

TernaryTable make_ternary_table() {
  // float32, float64, bfloat16, int32, int64, uint8, bool
  return {{{where_loop<std::uint32_t>, where_loop<std::uint64_t>, where_loop<std::uint16_t>,
            where_loop<std::uint32_t>, where_loop<std::uint64_t>, where_loop<Byte>, where_loop<Byte>},
           {ternary_loop<Clamp, float>, ternary_loop<Clamp, double>, ternary_loop<Clamp, bfloat16>,
            ternary_loop<Clamp, std::int32_t>, ternary_loop<Clamp, std::int64_t>, ternary_loop<Clamp, Byte>,
            ternary_loop<Clamp, Byte>},
           {ternary_loop<MultiplyAdd, float>, ternary_loop<MultiplyAdd, double>,
            ternary_loop<MultiplyAdd, bfloat16>, ternary_loop<MultiplyAdd, std::int32_t>,
            ternary_loop<MultiplyAdd, std::int64_t>, ternary_loop<MultiplyAdd, Byte>, nullptr}}};
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_ternary_table);

const TernaryTable& ternary_table() {
  static const TernaryTable table = HWY_DYNAMIC_DISPATCH(make_ternary_table)();
  return table;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
