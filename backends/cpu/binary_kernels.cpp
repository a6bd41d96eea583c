// BINARY on dense arrays. The functors are plain C++ that the compiler turns into vector code for each
// target.
#include "cpu/tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/binary_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/elements-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

struct Add {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
    } else {
      return a + b;
    }
  }
};

struct Sub {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
    } else {
      return a - b;
    }
  }
};

struct Mul {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
    } else {
      return a * b;
    }
  }
};

struct Div {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    return a / b;
  }
};

/// Exponentiation by squaring, wrapping; a negative exponent gives the integer part of the quotient.
struct IntegerPow {
  template <typename T>
  T operator()(T base, T exponent) const {
    if (std::is_signed_v<T> && exponent < T{0}) {
      if (base == T{1}) return T{1};
      if (base == static_cast<T>(-1)) return exponent % 2 == 0 ? T{1} : static_cast<T>(-1);
      return T{0};
    }
    auto factor = static_cast<Wrapping<T>>(base);
    Wrapping<T> result = 1;
    for (auto left = static_cast<Wrapping<T>>(exponent); left != 0;
         left = static_cast<Wrapping<T>>(left >> 1)) {
      if ((left & 1u) != 0) result = static_cast<Wrapping<T>>(result * factor);
      factor = static_cast<Wrapping<T>>(factor * factor);
    }
    return static_cast<T>(result);
  }
};

struct Maximum {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    return ieee_maximum(a, b);
  }
};

struct Minimum {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    return ieee_minimum(a, b);
  }
};

struct And {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};

struct Or {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};

struct Xor {
  template <typename T>
  HWY_INLINE T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};

struct Eq {
  template <typename T>
  HWY_INLINE bool operator()(T a, T b) const {
    return a == b;
  }
};

struct Ne {
  template <typename T>
  HWY_INLINE bool operator()(T a, T b) const {
    return a != b;
  }
};

struct Lt {
  template <typename T>
  HWY_INLINE bool operator()(T a, T b) const {
    return a < b;
  }
};

struct Le {
  template <typename T>
  HWY_INLINE bool operator()(T a, T b) const {
    return a <= b;
  }
};

struct Gt {
  template <typename T>
  HWY_INLINE bool operator()(T a, T b) const {
    return a > b;
  }
};

struct Ge {
  template <typename T>
  HWY_INLINE bool operator()(T a, T b) const {
    return a >= b;
  }
};

template <typename Op, typename T>
void binary_loop(const void* a, const void* b, void* out, std::size_t n) {
  using C = Compute<T>;
  constexpr bool kPredicate = std::is_same_v<decltype(Op{}(C{}, C{})), bool>;
  using R = std::conditional_t<kPredicate, Byte, T>;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  R* to = static_cast<R*>(out);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) to[i] = narrow<R>(Op{}(widen(x[i]), widen(y[i])));
}

template <typename Op, typename T, bool RepeatA, bool RepeatB>
void binary_rows(const BinaryRows& rows) {
  for (std::size_t r = 0; r < rows.rows; ++r) {
    const auto step = static_cast<std::ptrdiff_t>(r);
    const T* a = reinterpret_cast<const T*>(rows.a + step * rows.a_step);
    const T* b = reinterpret_cast<const T*>(rows.b + step * rows.b_step);
    T* out = reinterpret_cast<T*>(rows.out + step * rows.out_step);
    const T first_a = *a;
    const T first_b = *b;
#pragma omp simd
    for (std::size_t i = 0; i < rows.n; ++i)
      out[i] = Op{}(RepeatA ? first_a : a[i], RepeatB ? first_b : b[i]);
  }
}

template <typename Op, typename T>
constexpr BinaryRowKernels row_kernels() {
  return {binary_rows<Op, T, false, false>, binary_rows<Op, T, true, false>, binary_rows<Op, T, false, true>};
}

BinaryRowTable make_binary_row_table() {
  BinaryRowTable table = {};
  const auto fill = [&]<typename Op>(std::uint32_t member, Op) {
    table.kernel[member][static_cast<std::size_t>(DType::float32)] = row_kernels<Op, float>();
    table.kernel[member][static_cast<std::size_t>(DType::float64)] = row_kernels<Op, double>();
  };
  fill(TENON_BINARY_ADD, Add());
  fill(TENON_BINARY_SUB, Sub());
  fill(TENON_BINARY_MUL, Mul());
  fill(TENON_BINARY_DIV, Div());
  return table;
}

void bfloat16_pow(const void* a, const void* b, void* out, std::size_t n) {
  constexpr std::size_t kChunk = 256;
  float x[kChunk];
  float y[kChunk];
  const auto* from = static_cast<const bfloat16*>(a);
  const auto* exponent = static_cast<const bfloat16*>(b);
  auto* to = static_cast<bfloat16*>(out);
  for (std::size_t i = 0; i < n; i += kChunk) {
    const std::size_t count = n - i < kChunk ? n - i : kChunk;
    for (std::size_t j = 0; j < count; ++j) x[j] = widen(from[i + j]);
    for (std::size_t j = 0; j < count; ++j) y[j] = widen(exponent[i + j]);
    float_pow()(x, y, x, count);
    for (std::size_t j = 0; j < count; ++j) to[i + j] = narrow<bfloat16>(x[j]);
  }
}

/// The kernels of one member; bool runs as Byte, with its own Op where its arithmetic differs.
template <typename Op, bool Floats, bool Integers, typename BoolOp = void>
void fill_row(BinaryKernel (&row)[kDTypeCount]) {
  const auto set = [&](DType dtype, BinaryKernel kernel) { row[static_cast<std::size_t>(dtype)] = kernel; };
  if constexpr (Floats) {
    set(DType::float32, binary_loop<Op, float>);
    set(DType::float64, binary_loop<Op, double>);
    set(DType::bfloat16, binary_loop<Op, bfloat16>);
  }
  if constexpr (Integers) {
    set(DType::int32, binary_loop<Op, std::int32_t>);
    set(DType::int64, binary_loop<Op, std::int64_t>);
    set(DType::uint8, binary_loop<Op, Byte>);
  }
  if constexpr (!std::is_void_v<BoolOp>) set(DType::boolean, binary_loop<BoolOp, Byte>);
}

BinaryTable make_binary_table() {
  BinaryTable table = {};
  auto& kernel = table.kernel;
  fill_row<Add, true, true, Or>(kernel[TENON_BINARY_ADD]);
  fill_row<Sub, true, true>(kernel[TENON_BINARY_SUB]);
  fill_row<Mul, true, true, And>(kernel[TENON_BINARY_MUL]);
  fill_row<Div, true, false>(kernel[TENON_BINARY_DIV]);
  fill_row<IntegerPow, false, true>(kernel[TENON_BINARY_POW]);
  fill_row<Maximum, true, true, Maximum>(kernel[TENON_BINARY_MAXIMUM]);
  fill_row<Minimum, true, true, Minimum>(kernel[TENON_BINARY_MINIMUM]);
  fill_row<And, false, true, And>(kernel[TENON_BINARY_AND]);
  fill_row<Or, false, true, Or>(kernel[TENON_BINARY_OR]);
  fill_row<Xor, false, true, Xor>(kernel[TENON_BINARY_XOR]);
  fill_row<Eq, true, true, Eq>(kernel[TENON_BINARY_EQ]);
  fill_row<Ne, true, true, Ne>(kernel[TENON_BINARY_NE]);
  fill_row<Lt, true, true, Lt>(kernel[TENON_BINARY_LT]);
  fill_row<Le, true, true, Le>(kernel[TENON_BINARY_LE]);
  fill_row<Gt, true, true, Gt>(kernel[TENON_BINARY_GT]);
  fill_row<Ge, true, true, Ge>(kernel[TENON_BINARY_GE]);
  kernel[TENON_BINARY_POW][static_cast<std::size_t>(DType::float32)] = float_pow();
  kernel[TENON_BINARY_POW][static_cast<std::size_t>(DType::float64)] = double_pow;
  kernel[TENON_BINARY_POW][static_cast<std::size_t>(DType::bfloat16)] = bfloat16_pow;
  return table;
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_binary_table);
HWY_EXPORT(make_binary_row_table);

const BinaryRowTable& binary_row_table() {
  static const BinaryRowTable table = HWY_DYNAMIC_DISPATCH(make_binary_row_table)();
  return table;
}

const BinaryTable& binary_table() {
  static const BinaryTable table = HWY_DYNAMIC_DISPATCH(make_binary_table)();
  return table;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
