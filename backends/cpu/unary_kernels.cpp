// UNARY on dense arrays. What is exact or correctly rounded in one or two operations is plain C++ here, which
// the compiler turns into vector code for each target; the transcendental members are in math_kernels.cpp.
#include "cpu/tables.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/unary_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

struct Same {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return x;
  }
};

struct Neg {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(Wrapping<T>{0} - static_cast<Wrapping<T>>(x));
    } else {
      return -x;
    }
  }
};

struct Abs {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return x < T{0} ? Neg{}(x) : x;
    } else {
      return std::fabs(x);
    }
  }
};

struct Sign {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    const T sign = static_cast<T>(static_cast<T>(x > T{0}) - static_cast<T>(x < T{0}));
    if constexpr (std::is_floating_point_v<T>) {
      return x != x ? x : sign;
    } else {
      return sign;
    }
  }
};

struct Sqrt {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return std::sqrt(x);
  }
};

struct Rsqrt {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return T{1} / std::sqrt(x);
  }
};

struct Square {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(x));
    } else {
      return x * x;
    }
  }
};

struct Reciprocal {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return T{1} / x;
  }
};

struct Relu {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>) {
      return x > T{0} || x != x ? x : T{0};
    } else {
      return x > T{0} ? x : T{0};
    }
  }
};

struct Floor {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return std::floor(x);
  }
};

struct Ceil {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return std::ceil(x);
  }
};

struct Round {
  template <typename T>
  HWY_INLINE T operator()(T x) const {
    return std::rint(x);
  }
};

struct LogicalNot {
  template <typename T>
  HWY_INLINE bool operator()(T x) const {
    return x == T{0};
  }
};

struct IsNan {
  template <typename T>
  HWY_INLINE bool operator()(T x) const {
    return x != x;
  }
};

template <typename Op, typename T>
void unary_loop(const void* x, void* out, std::size_t n) {
  constexpr bool kPredicate = std::is_same_v<decltype(Op{}(Compute<T>{})), bool>;
  using R = std::conditional_t<kPredicate, Byte, T>;
  const T* from = static_cast<const T*>(x);
  R* to = static_cast<R*>(out);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) to[i] = narrow<R>(Op{}(widen(from[i])));
}

/// A transcendental member in bfloat16: through the float32 kernel, a chunk at a time.
template <std::uint32_t Member>
void bfloat16_math(const void* x, void* out, std::size_t n) {
  constexpr std::size_t kChunk = 512;
  float chunk[kChunk];
  const auto* from = static_cast<const bfloat16*>(x);
  auto* to = static_cast<bfloat16*>(out);
  const UnaryKernel kernel = float_math(Member);
  for (std::size_t i = 0; i < n; i += kChunk) {
    const std::size_t count = n - i < kChunk ? n - i : kChunk;
    for (std::size_t j = 0; j < count; ++j) chunk[j] = widen(from[i + j]);
    kernel(chunk, chunk, count);
    for (std::size_t j = 0; j < count; ++j) to[i + j] = narrow<bfloat16>(chunk[j]);
  }
}

template <typename Op>
void fill_floats(UnaryKernel (&row)[kDTypeCount]) {
  row[static_cast<std::size_t>(DType::float32)] = unary_loop<Op, float>;
  row[static_cast<std::size_t>(DType::float64)] = unary_loop<Op, double>;
  row[static_cast<std::size_t>(DType::bfloat16)] = unary_loop<Op, bfloat16>;
}

template <typename Op>
void fill_integers(UnaryKernel (&row)[kDTypeCount]) {
  row[static_cast<std::size_t>(DType::int32)] = unary_loop<Op, std::int32_t>;
  row[static_cast<std::size_t>(DType::int64)] = unary_loop<Op, std::int64_t>;
  row[static_cast<std::size_t>(DType::uint8)] = unary_loop<Op, Byte>;
}

template <typename Op>
void fill_bool(UnaryKernel (&row)[kDTypeCount]) {
  row[static_cast<std::size_t>(DType::boolean)] = unary_loop<Op, Byte>;
}

template <std::uint32_t... Members>
void fill_math(UnaryTable& table, std::integer_sequence<std::uint32_t, Members...>) {
  const auto fill = [&](std::uint32_t member, UnaryKernel bfloat16_kernel) {
    if (float_math(member) == nullptr) return;
    auto& row = table.kernel[member];
    row[static_cast<std::size_t>(DType::float32)] = float_math(member);
    row[static_cast<std::size_t>(DType::float64)] = double_math(member);
    row[static_cast<std::size_t>(DType::bfloat16)] = bfloat16_kernel;
  };
  (fill(Members, bfloat16_math<Members>), ...);
}

UnaryTable make_unary_table() {
  UnaryTable table = {};
  auto& kernel = table.kernel;
  fill_floats<Neg>(kernel[TENON_UNARY_NEG]);
  fill_floats<Abs>(kernel[TENON_UNARY_ABS]);
  fill_floats<Sign>(kernel[TENON_UNARY_SIGN]);
  fill_floats<Sqrt>(kernel[TENON_UNARY_SQRT]);
  fill_floats<Rsqrt>(kernel[TENON_UNARY_RSQRT]);
  fill_floats<Square>(kernel[TENON_UNARY_SQUARE]);
  fill_floats<Reciprocal>(kernel[TENON_UNARY_RECIPROCAL]);
  fill_floats<Relu>(kernel[TENON_UNARY_RELU]);
  fill_floats<Floor>(kernel[TENON_UNARY_FLOOR]);
  fill_floats<Ceil>(kernel[TENON_UNARY_CEIL]);
  fill_floats<Round>(kernel[TENON_UNARY_ROUND]);
  fill_floats<LogicalNot>(kernel[TENON_UNARY_LOGICAL_NOT]);
  fill_floats<IsNan>(kernel[TENON_UNARY_ISNAN]);
  fill_integers<Neg>(kernel[TENON_UNARY_NEG]);
  fill_integers<Abs>(kernel[TENON_UNARY_ABS]);
  fill_integers<Sign>(kernel[TENON_UNARY_SIGN]);
  fill_integers<Square>(kernel[TENON_UNARY_SQUARE]);
  fill_integers<Relu>(kernel[TENON_UNARY_RELU]);
  fill_integers<LogicalNot>(kernel[TENON_UNARY_LOGICAL_NOT]);
  fill_integers<IsNan>(kernel[TENON_UNARY_ISNAN]);
  fill_bool<LogicalNot>(kernel[TENON_UNARY_LOGICAL_NOT]);
  fill_bool<IsNan>(kernel[TENON_UNARY_ISNAN]);
  for (const auto member : {TENON_UNARY_FLOOR, TENON_UNARY_CEIL, TENON_UNARY_ROUND}) {
    fill_integers<Same>(kernel[member]);
  }
  for (const auto member : {TENON_UNARY_ABS, TENON_UNARY_SIGN, TENON_UNARY_SQUARE, TENON_UNARY_RELU,
                            TENON_UNARY_FLOOR, TENON_UNARY_CEIL, TENON_UNARY_ROUND}) {
    fill_bool<Same>(kernel[member]);
  }
  fill_math(table, std::make_integer_sequence<std::uint32_t, kUnaryMembers>{});
  return table;
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_unary_table);

const UnaryTable& unary_table() {
  static const UnaryTable table = HWY_DYNAMIC_DISPATCH(make_unary_table)();
  return table;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
