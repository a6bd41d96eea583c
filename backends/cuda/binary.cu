// BINARY. What is limited by memory shares one kernel, which asks for the member once a vector; POW, which
// needs many registers, has its own.
#include "cuda/elements.cuh"
#include "cuda/families.h"
#include "cuda/map.cuh"

namespace tenon::cuda {

template <typename T>
struct Arithmetic {
  std::uint32_t member;

  __device__ T operator()(T x, T y) const {
    const auto a = widen(x);
    const auto b = widen(y);
    switch (member) {
      case TENON_BINARY_ADD:
        return narrow<T>(add(a, b));
      case TENON_BINARY_SUB:
        return narrow<T>(subtract(a, b));
      case TENON_BINARY_MUL:
        return narrow<T>(multiply(a, b));
      case TENON_BINARY_MAXIMUM:
        return narrow<T>(maximum(a, b));
      case TENON_BINARY_MINIMUM:
        return narrow<T>(minimum(a, b));
      default:
        return rest(a, b);
    }
  }

  /// What only floating types have, or only the others.
  static __device__ T divide(Compute<T> a, Compute<T> b) { return narrow<T>(a / b); }
  __device__ T rest(Compute<T> a, Compute<T> b) const {
    if constexpr (kFloating<T>) {
      return divide(a, b);
    } else {
      switch (member) {
        case TENON_BINARY_AND:
          return static_cast<T>(a & b);
        case TENON_BINARY_OR:
          return static_cast<T>(a | b);
        default:
          return static_cast<T>(a ^ b);
      }
    }
  }
};

template <typename T>
struct Comparison {
  std::uint32_t member;

  __device__ bool operator()(T x, T y) const {
    const auto a = widen(x);
    const auto b = widen(y);
    switch (member) {
      case TENON_BINARY_EQ:
        return a == b;
      case TENON_BINARY_NE:
        return a != b;
      case TENON_BINARY_LT:
        return a < b;
      case TENON_BINARY_LE:
        return a <= b;
      case TENON_BINARY_GT:
        return a > b;
      default:
        return a >= b;
    }
  }
};

template <typename T>
struct Power {
  __device__ T operator()(T x, T y) const {
    if constexpr (kFloating<T>) {
      return narrow<T>(pow(widen(x), widen(y)));
    } else {
      return of_integers(x, y);
    }
  }

  /// By squaring, wrapping; 1 / base is an integer only for 1 and -1.
  static __device__ T of_integers(T base, T exponent) {
    if constexpr (std::is_signed_v<T>) {
      if (exponent < 0) {
        if (base == 1) return 1;
        if (base == -1) return exponent % 2 == 0 ? 1 : -1;
        return 0;
      }
    }
    T power = 1;
    for (; exponent > 0; exponent /= 2) {
      if (exponent % 2 == 1) power = multiply(power, base);
      base = multiply(base, base);
    }
    return power;
  }
};

namespace {

template <typename T>
void run_arithmetic(const Call& call, const Queue& queue) {
  map<T, T, T>(queue, Arithmetic<T>{call.member()}, call.output(), call.input(0), call.input(1));
}

template <typename T>
void run_comparison(const Call& call, const Queue& queue) {
  map<bool, T, T>(queue, Comparison<T>{call.member()}, call.output(), call.input(0), call.input(1));
}

template <typename T>
void run_power(const Call& call, const Queue& queue) {
  map<T, T, T>(queue, Power<T>{}, call.output(), call.input(0), call.input(1));
}

template <typename T>
Work find_arithmetic(std::uint32_t member) {
  switch (member) {
    case TENON_BINARY_ADD:
    case TENON_BINARY_MUL:
    case TENON_BINARY_MAXIMUM:
    case TENON_BINARY_MINIMUM:
      return run_arithmetic<T>;
    case TENON_BINARY_SUB:
      return std::is_same_v<T, bool> ? nullptr : run_arithmetic<T>;
    case TENON_BINARY_DIV:
      return kFloating<T> ? run_arithmetic<T> : nullptr;
    case TENON_BINARY_AND:
    case TENON_BINARY_OR:
    case TENON_BINARY_XOR:
      return kFloating<T> ? nullptr : run_arithmetic<T>;
    case TENON_BINARY_POW:
      if constexpr (!std::is_same_v<T, bool>) return run_power<T>;
      return nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

Work find_binary(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) -> Work {
    constexpr DType dtype = dtype_of<T>();
    const std::uint32_t member = call.member();
    if (member >= TENON_BINARY_EQ && member <= TENON_BINARY_GE) {
      return has_dtypes(call, {dtype, dtype}, DType::boolean) ? run_comparison<T> : nullptr;
    }
    return has_dtypes(call, {dtype, dtype}, dtype) ? find_arithmetic<T>(member) : nullptr;
  });
}

}  // namespace tenon::cuda
