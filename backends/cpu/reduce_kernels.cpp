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
namespace hn = hwy::HWY_NAMESPACE;

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

/// Whether a few elements may be added before they are widened: float32 and bfloat16, in float32.
template <typename Op>
inline constexpr bool kSumsInGroups = false;
template <>
inline constexpr bool kSumsInGroups<Sum<float>> = true;
template <>
inline constexpr bool kSumsInGroups<Sum<bfloat16>> = true;

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

/// row[0][j] + ... + row[Rows - 1][j] as they are, by halves.
template <typename T, int Rows>
HWY_INLINE Compute<T> add_up(const T* const* row, std::size_t j) {
  if constexpr (Rows == 1) {
    return widen(row[0][j]);
  } else {
    return add_up<T, Rows / 2>(row, j) + add_up<T, Rows / 2>(row + Rows / 2, j);
  }
}

/// value op row[0][j] op ... op row[Rows - 1][j].
template <typename Op, typename T, int Rows>
HWY_INLINE typename Op::A combine_all(typename Op::A value, const T* const* row, std::size_t j) {
  if constexpr (Rows == 0) {
    return value;
  } else {
    return combine_all<Op, T, Rows - 1>(Op::combine(value, Op::value(row[0][j])), row + 1, j);
  }
}

/// acc[j] = acc[j] op x[r][j] for Rows rows at once. Widening costs more than adding, so that sums of narrow
/// floats are added up first.
template <typename Op, typename T, int Rows>
HWY_INLINE void fold_group(typename Op::A* HWY_RESTRICT to, const std::byte* from, std::ptrdiff_t row_stride,
                           std::size_t columns) {
  const T* row[Rows];
  for (int r = 0; r < Rows; ++r) row[r] = reinterpret_cast<const T*>(from + r * row_stride);
#pragma omp simd
  for (std::size_t j = 0; j < columns; ++j) {
    if constexpr (kSumsInGroups<Op>) {
      to[j] += static_cast<typename Op::A>(add_up<T, Rows>(row, j));
    } else {
      to[j] = combine_all<Op, T, Rows>(to[j], row, j);
    }
  }
}

/// Several rows a pass, so that the accumulators are loaded and stored less often.
template <typename Op, typename T>
void fold_columns(void* acc, const void* x, std::ptrdiff_t row_stride, std::size_t rows,
                  std::size_t columns) {
  auto* to = static_cast<typename Op::A*>(acc);
  const auto* from = static_cast<const std::byte*>(x);
  constexpr int kRows = kSumsInGroups<Op> ? 8 : 4;
  const auto pass = [&]<int Rows>(std::integral_constant<int, Rows>) HWY_ATTR {
    for (; rows >= Rows; rows -= Rows, from += Rows * row_stride) {
      fold_group<Op, T, Rows>(to, from, row_stride, columns);
    }
  };
  pass(std::integral_constant<int, kRows>());
  if constexpr (kRows > 4) pass(std::integral_constant<int, 4>());
  pass(std::integral_constant<int, 1>());
}

/// x[0] + ... + x[n - 1] in float32: several sums side by side, added up by halves.
HWY_INLINE float sum_of_block(const float* x, std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d);
  auto s1 = hn::Zero(d);
  auto s2 = hn::Zero(d);
  auto s3 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = hn::Add(s0, hn::LoadU(d, x + i));
    s1 = hn::Add(s1, hn::LoadU(d, x + i + lanes));
    s2 = hn::Add(s2, hn::LoadU(d, x + i + 2 * lanes));
    s3 = hn::Add(s3, hn::LoadU(d, x + i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) s0 = hn::Add(s0, hn::LoadU(d, x + i));
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < n; ++i) sum += x[i];
  return sum;
}

/// Blocks are added up in float32, their sums in double.
void sum_rows(void* acc, const void* x, std::ptrdiff_t row_stride, std::size_t rows, std::size_t n) {
  constexpr std::size_t kBlock = 256;
  auto& to = *static_cast<double*>(acc);
  const auto* from = static_cast<const std::byte*>(x);
  for (std::size_t r = 0; r < rows; ++r, from += row_stride) {
    const auto* row = reinterpret_cast<const float*>(from);
    for (std::size_t i = 0; i < n; i += kBlock) {
      to += static_cast<double>(sum_of_block(row + i, std::min(kBlock, n - i)));
    }
  }
}

template <typename Op, typename T>
void fold_rows(void* acc, const void* x, std::ptrdiff_t row_stride, std::size_t rows, std::size_t n) {
  using A = typename Op::A;
  constexpr std::size_t kLanes = 64;
  if constexpr (std::is_same_v<Op, Sum<float>>) {
    if (n >= kLanes) {
      sum_rows(acc, x, row_stride, rows, n);
      return;
    }
  }
  A& to = *static_cast<A*>(acc);
  const auto* from = static_cast<const std::byte*>(x);
  if (n < kLanes && rows == 1) {
    const T* row = reinterpret_cast<const T*>(from);
    for (std::size_t i = 0; i < n; ++i) to = Op::combine(to, Op::value(row[i]));
    return;
  }
  A lanes[kLanes];
  start<Op>(lanes, kLanes);
  if (n < kLanes) {
    fold_columns<Op, T>(lanes, from, row_stride, rows, n);
  } else {
    const std::size_t whole = n / kLanes;
    for (std::size_t r = 0; r < rows; ++r, from += row_stride) {
      fold_columns<Op, T>(lanes, from, kLanes * sizeof(T), whole, kLanes);
      fold_columns<Op, T>(lanes, from + whole * kLanes * sizeof(T), 0, 1, n % kLanes);
    }
  }
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
          fold_rows<Op, T>,       merge<Op>, finish<Op, R, Mean>};
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
