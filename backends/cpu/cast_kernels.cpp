// COPY on dense arrays: every cast.
#include "cpu/tables.h"

#include <algorithm>
#include <cstring>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/cast_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

/// plugin::cast_element, in a form that becomes vector code where that pays.
template <typename To, typename From>
HWY_INLINE To cast(From value) {
  if constexpr (std::is_same_v<From, bfloat16> && !std::is_same_v<To, bfloat16>) {
    return cast<To>(widen(value));
  } else if constexpr (std::is_same_v<To, bfloat16> && !std::is_same_v<From, bfloat16>) {
    return narrow<bfloat16>(static_cast<float>(value));
  } else {
    return plugin::cast_element<To>(value);
  }
}

template <typename To, typename From>
void cast_loop(const void* x, void* out, std::size_t n) {
  const From* HWY_RESTRICT from = static_cast<const From*>(x);
  To* HWY_RESTRICT to = static_cast<To*>(out);
  if constexpr (std::is_same_v<To, From>) {
    if (n != 0) std::memcpy(to, from, n * sizeof(To));
  } else {
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) to[i] = cast<To>(from[i]);
  }
}

template <typename From>
void fill_from(UnaryKernel (&row)[kDTypeCount]) {
  const UnaryKernel kernels[] = {cast_loop<float, From>,        cast_loop<double, From>,
                                 cast_loop<bfloat16, From>,     cast_loop<std::int32_t, From>,
                                 cast_loop<std::int64_t, From>, cast_loop<Byte, From>,
                                 cast_loop<bool, From>};
  std::copy(std::begin(kernels), std::end(kernels), std::begin(row));
}

CastTable make_cast_table() {
  CastTable table = {};
  auto* row = table.kernel;
  fill_from<float>(row[0]);
  fill_from<double>(row[1]);
  fill_from<bfloat16>(row[2]);
  fill_from<std::int32_t>(row[3]);
  fill_from<std::int64_t>(row[4]);
  fill_from<Byte>(row[5]);
  fill_from<bool>(row[6]);
  return table;
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_cast_table);

const CastTable& cast_table() {
  static const CastTable table = HWY_DYNAMIC_DISPATCH(make_cast_table)();
  return table;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
