// REDUCE as folds over dense rows and columns, but for ARGMAX and ARGMIN.
#include "cpu/tables.h"

#include <algorithm>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

template <typename T>
using Wide = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;

/// A reduction over elements T: the accumulator's type, its start, what an element counts as, and the
/// operation.
template <typename T>
struct Sum {
  using A = Wide<T>;
  static constexpr A kStart = 0;
  static HWY_INLINE A value(T x) { return static_cast<A>(widen(x)); }
  static HWY_INLINE A combine(A a, A b) { return a + b; }
};

template <typename T>
struct Prod {
  using A = Wide<T>;
  static constexpr A kStart = 1;
  static HWY_INLINE A value(T x) { return static_cast<A>(widen(x)); }
  static HWY_INLINE A combine(A a, A b) { return a * b; }
};

template <typename T>
struct Max {
  using A = Compute<T>;
  static constexpr A kStart =
      std::is_integral_v<A> ? std::numeric_limits<A>::lowest() : -std::numeric_limits<A>::infinity();
  static HWY_INLINE A value(T x) { return widen(x); }
  static HWY_INLINE A combine(A a, A b) { return ieee_maximum(a, b); }
};

template <typename T>
struct Min {
  using A = Compute<T>;
  static constexpr A kStart =
      std::is_integral_v<A> ? std::numeric_limits<A>::max() : std::numeric_limits<A>::infinity();
  static HWY_INLINE A value(T x) { return widen(x); }
  static HWY_INLINE A combine(A a, A b) { return ieee_minimum(a, b); }
};

template <typename T>
struct Any {
  using A = Byte;
  static constexpr A kStart = 0;
  static HWY_INLINE A value(T x) { return widen(x) != Compute<T>{0} ? 1 : 0; }
  static HWY_INLINE A combine(A a, A b) { return a | b; }
};

template <typename T>
struct All {
  using A = Byte;
  static constexpr A kStart = 1;
  static HWY_INLINE A value(T x) { return widen(x) != Compute<T>{0} ? 1 : 0; }
  static HWY_INLINE A combine(A a, A b) { return a & b; }
};

template <typename Op>
void start(void* acc, std::size_t columns) {
  std::fill_n(static_cast<typename Op::A*>(acc), columns, Op::kStart);
}

template <typename Op>
void merge(void* acc, const void* other, std::size_t columns) {
  auto* to = static_cast<typename Op::A*>(acc);
  const auto* from = static_cast<const typename Op::A*>(other);
#pragma omp simd
  for (std::size_t j = 0; j < columns; ++j) to[j] = Op::combine(to[j], from[j]);
}

/// Four rows a pass, so that the accumulators are loaded and stored a quarter as often.
template <typename Op, typename T>
void fold_columns(void* acc, const void* x, std::ptrdiff_t row_stride, std::size_t rows,
                  std::size_t columns) {
  using A = typename Op::A;
  A* HWY_RESTRICT to = static_cast<A*>(acc);
  const auto* from = static_cast<const std::byte*>(x);
  const auto row = [&](std::ptrdiff_t r)
                       HWY_ATTR { return reinterpret_cast<const T*>(from + r * row_stride); };
  for (; rows >= 4; rows -= 4, from += 4 * row_stride) {
    const T* r0 = row(0);
    const T* r1 = row(1);
    const T* r2 = row(2);
    const T* r3 = row(3);
#pragma omp simd
    for (std::size_t j = 0; j < columns; ++j) {
      const A a = Op::combine(Op::combine(to[j], Op::value(r0[j])), Op::value(r1[j]));
      to[j] = Op::combine(Op::combine(a, Op::value(r2[j])), Op::value(r3[j]));
    }
  }
  for (; rows != 0; --rows, from += row_stride) {
    const T* r0 = row(0);
#pragma omp simd
    for (std::size_t j = 0; j < columns; ++j) to[j] = Op::combine(to[j], Op::value(r0[j]));
  }
}

template <typename Op, typename T>
void fold_row(void* acc, const void* x, std::size_t n) {
  using A = typename Op::A;
  constexpr std::size_t kLanes = 64;
  A& to = *static_cast<A*>(acc);
  const T* from = static_cast<const T*>(x);
  if (n < kLanes) {
    for (std::size_t i = 0; i < n; ++i) to = Op::combine(to, Op::value(from[i]));
    return;
  }
  A lanes[kLanes];
  start<Op>(lanes, kLanes);
  const std::size_t rows = n / kLanes;
  fold_columns<Op, T>(lanes, from, kLanes * sizeof(T), rows, kLanes);
  fold_columns<Op, T>(lanes, from + rows * kLanes, 0, 1, n % kLanes);
  for (std::size_t half = kLanes / 2; half != 0; half /= 2) merge<Op>(lanes, lanes + half, half);
  to = Op::combine(to, lanes[0]);
}

/// R is the output's element type; Mean divides by n first.
template <typename Op, typename R, bool Mean>
void finish(const void* acc, std::size_t columns, std::int64_t n, void* out, std::ptrdiff_t out_stride) {
  const auto* from = static_cast<const typename Op::A*>(acc);
  auto* to = static_cast<std::byte*>(out);
  for (std::size_t j = 0; j < columns; ++j, to += out_stride) {
    typename Op::A value = from[j];
    if constexpr (Mean) value /= static_cast<double>(n);
    if constexpr (std::is_same_v<R, bfloat16>) {
      *reinterpret_cast<R*>(to) = narrow<R>(static_cast<float>(value));
    } else {
      *reinterpret_cast<R*>(to) = static_cast<R>(value);
    }
  }
}

template <typename Op, typename T, typename R, bool Mean = false>
constexpr Fold make_fold() {
  return {sizeof(typename Op::A), start<Op>, fold_columns<Op, T>,
          fold_row<Op, T>,        merge<Op>, finish<Op, R, Mean>};
}

template <typename T>
void fill_dtype(FoldTable& table, DType dtype) {
  // SUM and PROD of integers are int64; Byte stands for bool, too.
  using Total = std::conditional_t<std::is_integral_v<T>, std::int64_t, T>;
  const auto set = [&](std::uint32_t member, const Fold& fold) {
    table.kernel[member][static_cast<std::size_t>(dtype)] = fold;
  };
  set(TENON_REDUCE_SUM, make_fold<Sum<T>, T, Total>());
  set(TENON_REDUCE_PROD, make_fold<Prod<T>, T, Total>());
  set(TENON_REDUCE_MAX, make_fold<Max<T>, T, T>());
  set(TENON_REDUCE_MIN, make_fold<Min<T>, T, T>());
  set(TENON_REDUCE_ANY, make_fold<Any<T>, T, Byte>());
  set(TENON_REDUCE_ALL, make_fold<All<T>, T, Byte>());
  if constexpr (!std::is_integral_v<T>) set(TENON_REDUCE_MEAN, make_fold<Sum<T>, T, T, true>());
}

FoldTable make_fold_table() {
  FoldTable table = {};
  fill_dtype<float>(table, DType::float32);
  fill_dtype<double>(table, DType::float64);
  fill_dtype<bfloat16>(table, DType::bfloat16);
  fill_dtype<std::int32_t>(table, DType::int32);
  fill_dtype<std::int64_t>(table, DType::int64);
  fill_dtype<Byte>(table, DType::uint8);
  fill_dtype<Byte>(table, DType::boolean);
  return table;
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_fold_table);

const FoldTable& fold_table() {
  static const FoldTable table = HWY_DYNAMIC_DISPATCH(make_fold_table)();
  return table;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
