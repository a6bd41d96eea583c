// The functions of one element: what TENON_OP_UNARY maps, and the activations of TENON_OP_MATMUL.
#pragma once

#include "scalar.h"

#include <tenon/plugin/abi.h>

#include <numbers>

namespace tenon::naive {

/// |x|. The smallest integer wraps to itself.
template <typename T>
T absolute(T x) {
  if constexpr (std::floating_point<T>) {
    return std::fabs(x);
  } else if constexpr (std::is_signed_v<T>) {
    return x < 0 ? negate(x) : x;
  } else {
    return x;
  }
}

/// -1, +0 or 1; NaN stays NaN.
template <typename T>
T sign(T x) {
  if (is_nan(x)) return x;
  if (x == T{0}) return T{0};
  if constexpr (std::is_signed_v<T>) {
    if (x < T{0}) return T{-1};
  }
  return T{1};
}

/// x/2 (1 + erf(x / sqrt 2)). erfc(-z) is 1 + erf(z) without the cancellation at z << 0.
template <std::floating_point W>
W gelu(W x) {
  return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<W>);
}

/// Calls visit(f) with the function f of a member that only floating types have; gives Result{} if it is not
/// one. What is not an exact or correctly rounded operation is computed wider and rounded once.
template <typename Result, std::floating_point T, typename Visitor>
Result visit_floating_unary(std::uint32_t member, Visitor visit) {
  using W = Wide<T>;
  switch (member) {
    case TENON_UNARY_EXP:
      return visit([](T x) { return T(std::exp(W(x))); });
    case TENON_UNARY_EXPM1:
      return visit([](T x) { return T(std::expm1(W(x))); });
    case TENON_UNARY_LOG:
      return visit([](T x) { return T(std::log(W(x))); });
    case TENON_UNARY_LOG1P:
      return visit([](T x) { return T(std::log1p(W(x))); });
    case TENON_UNARY_SQRT:
      return visit([](T x) { return std::sqrt(x); });
    case TENON_UNARY_RSQRT:
      return visit([](T x) { return T(1 / std::sqrt(W(x))); });
    case TENON_UNARY_RECIPROCAL:
      return visit([](T x) { return 1 / x; });
    case TENON_UNARY_SIN:
      return visit([](T x) { return T(std::sin(W(x))); });
    case TENON_UNARY_COS:
      return visit([](T x) { return T(std::cos(W(x))); });
    case TENON_UNARY_TANH:
      return visit([](T x) { return T(std::tanh(W(x))); });
    case TENON_UNARY_SIGMOID:
      return visit([](T x) { return T(1 / (1 + std::exp(-W(x)))); });
    case TENON_UNARY_ERF:
      return visit([](T x) { return T(std::erf(W(x))); });
    case TENON_UNARY_GELU:
      return visit([](T x) { return T(gelu(W(x))); });
    default:
      return Result{};
  }
}

/// The same for the members that round; on integers and bool they change nothing.
template <typename Result, typename T, typename Visitor>
Result visit_rounding_unary(std::uint32_t member, Visitor visit) {
  if constexpr (std::floating_point<T>) {
    switch (member) {
      case TENON_UNARY_FLOOR:
        return visit([](T x) { return std::floor(x); });
      case TENON_UNARY_CEIL:
        return visit([](T x) { return std::ceil(x); });
      default:
        return visit([](T x) { return std::nearbyint(x); });
    }
  } else {
    return visit([](T x) { return x; });
  }
}

/// Calls visit(f) with the function f(T) of a TENON_UNARY_ member and returns what it returns; gives Result{}
/// if T has no such function. f returns T, or bool for LOGICAL_NOT and ISNAN.
template <typename Result, typename T, typename Visitor>
Result visit_unary(std::uint32_t member, Visitor visit) {
  switch (member) {
    case TENON_UNARY_NEG:
      if constexpr (!std::is_same_v<T, bool>) return visit([](T x) { return negate(x); });
      break;
    case TENON_UNARY_ABS:
      return visit([](T x) { return absolute(x); });
    case TENON_UNARY_SIGN:
      return visit([](T x) { return sign(x); });
    case TENON_UNARY_SQUARE:
      return visit([](T x) { return multiply(x, x); });
    case TENON_UNARY_RELU:
      return visit([](T x) { return maximum(x, T{0}); });
    case TENON_UNARY_FLOOR:
    case TENON_UNARY_CEIL:
    case TENON_UNARY_ROUND:
      return visit_rounding_unary<Result, T>(member, visit);
    case TENON_UNARY_LOGICAL_NOT:
      return visit([](T x) { return x == T{0}; });
    case TENON_UNARY_ISNAN:
      return visit([](T x) { return is_nan(x); });
    default:
      if constexpr (std::floating_point<T>) return visit_floating_unary<Result, T>(member, visit);
  }
  return Result{};
}

}  // namespace tenon::naive
