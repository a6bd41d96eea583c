#include "reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace tenon::conformance {
namespace {

using Unary = Real (*)(Real);

/// Members that are not exact: the function in extended precision and the ULP bounds of the tolerance table.
struct Inexact {
  std::uint32_t member;
  Unary function;
  Real ulps_float32;
  Real ulps_float64;
  Real ulps_bfloat16;
};

Real rsqrt(Real x) { return 1 / std::sqrt(x); }
Real reciprocal(Real x) { return 1 / x; }
Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
Real gelu(Real x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Real>); }

constexpr Inexact kInexact[] = {
    {TENON_UNARY_EXP, std::exp, 3, 3, 1},
    {TENON_UNARY_EXPM1, std::expm1, 3, 3, 1},
    {TENON_UNARY_LOG, std::log, 4, 3, 1},
    {TENON_UNARY_LOG1P, std::log1p, 4, 3, 1},
    {TENON_UNARY_RSQRT, rsqrt, 4, 3, 1},
    {TENON_UNARY_SIN, std::sin, 4, 4, 2},
    {TENON_UNARY_COS, std::cos, 4, 4, 2},
    {TENON_UNARY_TANH, std::tanh, 5, 5, 2},
    {TENON_UNARY_SIGMOID, sigmoid, 6, 6, 2},
    {TENON_UNARY_ERF, std::erf, 16, 16, 2},
    {TENON_UNARY_GELU, gelu, 0, 0, 2},
    {TENON_UNARY_SQRT, std::sqrt, 0, 0, 1},
    {TENON_UNARY_RECIPROCAL, reciprocal, 0, 0, 1},
};

constexpr UnaryRow kUnary[] = {
    {TENON_UNARY_NEG, "neg", Domain::not_boolean, false},
    {TENON_UNARY_ABS, "abs", Domain::any, false},
    {TENON_UNARY_SIGN, "sign", Domain::any, false},
    {TENON_UNARY_EXP, "exp", Domain::floating, false},
    {TENON_UNARY_EXPM1, "expm1", Domain::floating, false},
    {TENON_UNARY_LOG, "log", Domain::floating, false},
    {TENON_UNARY_LOG1P, "log1p", Domain::floating, false},
    {TENON_UNARY_SQRT, "sqrt", Domain::floating, false},
    {TENON_UNARY_RSQRT, "rsqrt", Domain::floating, false},
    {TENON_UNARY_SQUARE, "square", Domain::any, false},
    {TENON_UNARY_RECIPROCAL, "reciprocal", Domain::floating, false},
    {TENON_UNARY_SIN, "sin", Domain::floating, false},
    {TENON_UNARY_COS, "cos", Domain::floating, false},
    {TENON_UNARY_TANH, "tanh", Domain::floating, false},
    {TENON_UNARY_SIGMOID, "sigmoid", Domain::floating, false},
    {TENON_UNARY_RELU, "relu", Domain::any, false},
    {TENON_UNARY_ERF, "erf", Domain::floating, false},
    {TENON_UNARY_GELU, "gelu", Domain::floating, false},
    {TENON_UNARY_FLOOR, "floor", Domain::any, false},
    {TENON_UNARY_CEIL, "ceil", Domain::any, false},
    {TENON_UNARY_ROUND, "round", Domain::any, false},
    {TENON_UNARY_LOGICAL_NOT, "logical_not", Domain::any, true},
    {TENON_UNARY_ISNAN, "isnan", Domain::any, true},
};

constexpr BinaryRow kBinary[] = {
    {TENON_BINARY_ADD, "add", Domain::any, false},
    {TENON_BINARY_SUB, "sub", Domain::not_boolean, false},
    {TENON_BINARY_MUL, "mul", Domain::any, false},
    {TENON_BINARY_DIV, "div", Domain::floating, false},
    {TENON_BINARY_POW, "pow", Domain::not_boolean, false},
    {TENON_BINARY_MAXIMUM, "maximum", Domain::any, false},
    {TENON_BINARY_MINIMUM, "minimum", Domain::any, false},
    {TENON_BINARY_AND, "and", Domain::integer_or_boolean, false},
    {TENON_BINARY_OR, "or", Domain::integer_or_boolean, false},
    {TENON_BINARY_XOR, "xor", Domain::integer_or_boolean, false},
    {TENON_BINARY_EQ, "eq", Domain::any, true},
    {TENON_BINARY_NE, "ne", Domain::any, true},
    {TENON_BINARY_LT, "lt", Domain::any, true},
    {TENON_BINARY_LE, "le", Domain::any, true},
    {TENON_BINARY_GT, "gt", Domain::any, true},
    {TENON_BINARY_GE, "ge", Domain::any, true},
};

/// An operation of IEEE 754 in the dtype that abi.h computes it in: double, or float for float32 and
/// bfloat16.
template <typename F, typename... Operands>
Real in_native(DType dtype, F&& f, Operands... operands) {
  if (dtype == DType::float64) return round_to(dtype, f(static_cast<double>(operands)...));
  return round_to(dtype, f(static_cast<float>(operands)...));
}

Real ulps_of_division(DType dtype, std::uint32_t flags) {
  if (dtype == DType::bfloat16) return 1;
  return (flags & TENON_FLAG_APPROXIMATE_DIVISION) != 0 ? 3 : 0;
}

/// Correctly rounded where the bound is 0 ULP, sign of zero included.
Expected rounded_quotient(DType dtype, Real native, std::uint32_t flags) {
  const Real ulps = ulps_of_division(dtype, flags);
  return {native, ulps == 0 ? Measure::bits : Measure::ulps, ulps};
}

Expected inexact(const Inexact& row, DType dtype, Real x, std::uint32_t flags) {
  const Real want = row.function(x);
  if (row.member == TENON_UNARY_SQRT || row.member == TENON_UNARY_RECIPROCAL) {
    const bool root = row.member == TENON_UNARY_SQRT;
    const Real native = in_native(
        dtype, [root](auto v) { return root ? std::sqrt(v) : decltype(v){1} / v; }, x);
    return rounded_quotient(dtype, native, flags);
  }
  if (row.member == TENON_UNARY_GELU && dtype != DType::bfloat16) {
    const Real bound = 8 * unit_roundoff(dtype) * std::max(std::abs(want), std::abs(x));
    return {want, Measure::distance, bound + smallest_denormal(dtype)};
  }
  const Real ulps = dtype == DType::float32   ? row.ulps_float32
                    : dtype == DType::float64 ? row.ulps_float64
                                              : row.ulps_bfloat16;
  return {want, Measure::ulps, ulps};
}

Real unary_floating(std::uint32_t member, DType dtype, Real x) {
  switch (member) {
    case TENON_UNARY_NEG:
      return -x;
    case TENON_UNARY_ABS:
      return std::abs(x);
    case TENON_UNARY_SIGN:
      return std::isnan(x) ? x : static_cast<Real>((x > 0) - (x < 0));
    case TENON_UNARY_SQUARE:
      return in_native(
          dtype, [](auto v) { return v * v; }, x);
    case TENON_UNARY_RELU:
      return maximum(x, 0.0L);
    case TENON_UNARY_FLOOR:
      return std::floor(x);
    case TENON_UNARY_CEIL:
      return std::ceil(x);
    case TENON_UNARY_ROUND:
      return std::nearbyint(x);
    case TENON_UNARY_LOGICAL_NOT:
      return x == 0;
    case TENON_UNARY_ISNAN:
      return std::isnan(x);
    default:
      return kNaN;
  }
}

Real unary_integer(std::uint32_t member, DType dtype, Real x) {
  switch (member) {
    case TENON_UNARY_NEG:
      return wrap(dtype, 0 - to_bits(x));
    case TENON_UNARY_ABS:
      return wrap(dtype, x < 0 ? 0 - to_bits(x) : to_bits(x));
    case TENON_UNARY_SIGN:
      return static_cast<Real>((x > 0) - (x < 0));
    case TENON_UNARY_SQUARE:
      return wrap(dtype, to_bits(x) * to_bits(x));
    case TENON_UNARY_RELU:
      return std::max(x, 0.0L);
    case TENON_UNARY_LOGICAL_NOT:
      return x == 0;
    case TENON_UNARY_ISNAN:
      return 0;
    default:
      return x;  // floor, ceil, round
  }
}

/// POW on integers: repeated multiplication; see abi.h for negative exponents.
Real integer_power(DType dtype, Real base, Real exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base == -1) return (to_bits(exponent) & 1) != 0 ? -1 : 1;
    return 0;
  }
  std::uint64_t power = 1;
  std::uint64_t square = to_bits(base);
  for (std::uint64_t left = to_bits(exponent); left != 0; left >>= 1) {
    if ((left & 1) != 0) power *= square;
    square *= square;
  }
  return wrap(dtype, power);
}

Real binary_exact(std::uint32_t member, DType dtype, Real a, Real b) {
  const bool floating = is_floating(dtype);
  switch (member) {
    case TENON_BINARY_ADD:
      if (dtype == DType::boolean) return a != 0 || b != 0;
      return floating ? in_native(
                            dtype, [](auto x, auto y) { return x + y; }, a, b)
                      : wrap(dtype, to_bits(a) + to_bits(b));
    case TENON_BINARY_SUB:
      return floating ? in_native(
                            dtype, [](auto x, auto y) { return x - y; }, a, b)
                      : wrap(dtype, to_bits(a) - to_bits(b));
    case TENON_BINARY_MUL:
      return floating ? in_native(
                            dtype, [](auto x, auto y) { return x * y; }, a, b)
                      : wrap(dtype, to_bits(a) * to_bits(b));
    case TENON_BINARY_MAXIMUM:
      return maximum(a, b);
    case TENON_BINARY_MINIMUM:
      return minimum(a, b);
    case TENON_BINARY_AND:
      return wrap(dtype, to_bits(a) & to_bits(b));
    case TENON_BINARY_OR:
      return wrap(dtype, to_bits(a) | to_bits(b));
    case TENON_BINARY_XOR:
      return wrap(dtype, to_bits(a) ^ to_bits(b));
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

}  // namespace

bool contains(Domain domain, DType dtype) {
  switch (domain) {
    case Domain::any:
      return true;
    case Domain::not_boolean:
      return dtype != DType::boolean;
    case Domain::floating:
      return is_floating(dtype);
    case Domain::integer_or_boolean:
      break;
  }
  return !is_floating(dtype);
}

std::span<const UnaryRow> unary_rows() { return kUnary; }
std::span<const BinaryRow> binary_rows() { return kBinary; }

Expected unary(std::uint32_t member, DType dtype, Real x, std::uint32_t flags) {
  const auto* const row = std::find_if(std::begin(kInexact), std::end(kInexact),
                                       [member](const Inexact& each) { return each.member == member; });
  if (row != std::end(kInexact)) return inexact(*row, dtype, x, flags);
  return {is_floating(dtype) ? unary_floating(member, dtype, x) : unary_integer(member, dtype, x)};
}

Expected binary(std::uint32_t member, DType dtype, Real a, Real b, std::uint32_t flags) {
  if (member == TENON_BINARY_DIV) {
    const Real native = in_native(
        dtype, [](auto x, auto y) { return x / y; }, a, b);
    return rounded_quotient(dtype, native, flags);
  }
  if (member == TENON_BINARY_POW) {
    if (!is_floating(dtype)) return {integer_power(dtype, a, b)};
    return {std::pow(a, b), Measure::ulps, dtype == DType::bfloat16 ? 2.0L : 16.0L};
  }
  return {binary_exact(member, dtype, a, b)};
}

Expected clamp(DType, Real x, Real low, Real high) { return {minimum(maximum(x, low), high)}; }

Expected multiply_add(DType dtype, Real a, Real b, Real c) {
  if (!is_floating(dtype)) return {wrap(dtype, to_bits(a) + to_bits(b) * to_bits(c))};
  Expected expected{in_native(
      dtype, [](auto x, auto y, auto z) { return x + y * z; }, a, b, c)};
  expected.other = in_native(
      dtype, [](auto x, auto y, auto z) { return std::fma(y, z, x); }, a, b, c);
  return expected;
}

Real cast(DType to, DType from, Real x) {
  if (to == DType::boolean) return x != 0;
  if (is_floating(to)) return round_to(to, x);
  if (!is_floating(from)) return wrap(to, to_bits(x));
  const Real limit = 9223372036854775808.0L;
  if (std::isnan(x)) return 0;
  const Real whole = std::trunc(x);
  if (whole >= limit) return wrap(to, static_cast<std::uint64_t>(INT64_MAX));
  if (whole < -limit) return wrap(to, static_cast<std::uint64_t>(INT64_MIN));
  return wrap(to, to_bits(whole));
}

Real wrap(DType dtype, std::uint64_t bits) {
  switch (dtype) {
    case DType::int32:
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
    case DType::uint8:
      return static_cast<std::uint8_t>(bits);
    case DType::boolean:
      return static_cast<Real>(bits & 1);
    default:
      return static_cast<Real>(static_cast<std::int64_t>(bits));
  }
}

std::uint64_t to_bits(Real integer) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(integer)); }

Real maximum(Real a, Real b) {
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

Real minimum(Real a, Real b) {
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

void ExactSum::add(Real term) {
  plain_ += term;
  const Real sum = high_ + term;
  const Real part = sum - high_;
  low_ += (high_ - (sum - part)) + (term - part);
  high_ = sum;
}

void ExactSum::add_product(double a, double b) {
  const double product = a * b;
  add(product);
  if (std::isfinite(product)) low_ += std::fma(a, b, -product);
}

Real ExactSum::value() const { return std::isfinite(plain_) ? high_ + low_ : plain_; }

}  // namespace tenon::conformance
