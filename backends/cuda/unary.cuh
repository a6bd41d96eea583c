// The functions of one element that UNARY maps, which are also MATMUL's activations.
#pragma once

#include "cuda/elements.cuh"
#include "cuda/families.h"

#include <tenon/plugin/abi.h>

namespace tenon::cuda {

/// The members that take a few instructions, where T has them.
template <typename T>
constexpr bool is_simple(std::uint32_t member) {
  switch (member) {
    case TENON_UNARY_NEG:
      return !std::is_same_v<T, bool>;
    case TENON_UNARY_ABS:
    case TENON_UNARY_SIGN:
    case TENON_UNARY_SQUARE:
    case TENON_UNARY_RELU:
    case TENON_UNARY_FLOOR:
    case TENON_UNARY_CEIL:
    case TENON_UNARY_ROUND:
      return true;
    case TENON_UNARY_SQRT:
    case TENON_UNARY_RSQRT:
    case TENON_UNARY_RECIPROCAL:
      return kFloating<T>;
    default:
      return false;
  }
}

template <typename T>
__device__ T negate(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return -x;
  } else {
    return subtract(T{0}, x);
  }
}

template <typename T>
__device__ T absolute(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return fabs(x);
  } else if constexpr (std::is_signed_v<T>) {
    return x < 0 ? negate(x) : x;
  } else {
    return x;
  }
}

template <typename T>
__device__ T sign(T x) {
  if (is_nan(x)) return x;
  if (x == T{0}) return T{0};
  if constexpr (std::is_signed_v<T>) {
    if (x < T{0}) return T{-1};
  }
  return T{1};
}

/// One member of the family, in what an element computes in; that is_simple() names.
template <typename C>
__device__ C apply_simple(std::uint32_t member, C x) {
  switch (member) {
    case TENON_UNARY_NEG:
      if constexpr (!std::is_same_v<C, bool>) return negate(x);
      return x;
    case TENON_UNARY_ABS:
      return absolute(x);
    case TENON_UNARY_SIGN:
      return sign(x);
    case TENON_UNARY_SQUARE:
      return multiply(x, x);
    case TENON_UNARY_RELU:
      return maximum(x, C{0});
    default:
      break;
  }
  if constexpr (std::is_floating_point_v<C>) {
    switch (member) {
      case TENON_UNARY_SQRT:
        return sqrt(x);
      case TENON_UNARY_RECIPROCAL:
        return C{1} / x;
      case TENON_UNARY_FLOOR:
        return floor(x);
      case TENON_UNARY_CEIL:
        return ceil(x);
      case TENON_UNARY_ROUND:
        return rint(x);
      default:
        return rsqrt(x);
    }
  } else {
    return x;  // whole numbers are rounded already
  }
}

/// The others; for floating types only.
constexpr bool is_transcendental(std::uint32_t member) {
  switch (member) {
    case TENON_UNARY_EXP:
    case TENON_UNARY_EXPM1:
    case TENON_UNARY_LOG:
    case TENON_UNARY_LOG1P:
    case TENON_UNARY_SIN:
    case TENON_UNARY_COS:
    case TENON_UNARY_TANH:
    case TENON_UNARY_SIGMOID:
    case TENON_UNARY_ERF:
    case TENON_UNARY_GELU:
      return true;
    default:
      return false;
  }
}

/// C is float or double; the functions' errors are those of the CUDA C++ Programming Guide, "Mathematical
/// functions": all within abi.h's tolerances.
template <typename C>
__device__ C apply_transcendental(std::uint32_t member, C x) {
  switch (member) {
    case TENON_UNARY_EXP:
      return exp(x);
    case TENON_UNARY_EXPM1:
      return expm1(x);
    case TENON_UNARY_LOG:
      return log(x);
    case TENON_UNARY_LOG1P:
      return log1p(x);
    case TENON_UNARY_SIN:
      return sin(x);
    case TENON_UNARY_COS:
      return cos(x);
    case TENON_UNARY_TANH:
      return tanh(x);
    case TENON_UNARY_SIGMOID: {
      const C z = exp(-fabs(x));  // which does not overflow
      return (x < C{0} ? z : C{1}) / (C{1} + z);
    }
    case TENON_UNARY_ERF:
      return erf(x);
    default:
      return x * normcdf(x);  // GELU; the normal distribution does not cancel where 1 + erf does
  }
}

/// UNARY's kernels for is_transcendental() members; null if the call is none.
Work find_transcendental(const Call& call);

}  // namespace tenon::cuda
