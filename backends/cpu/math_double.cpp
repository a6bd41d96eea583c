// The transcendental members in float64: the C library's, which are within 1 ULP or little more.
#include "cpu/tables.h"

#include <cmath>
#include <numbers>

namespace tenon::cpu {
namespace {

using Function = double (*)(double);

template <Function F>
void map(const void* x, void* out, std::size_t n) {
  const auto* from = static_cast<const double*>(x);
  auto* to = static_cast<double*>(out);
  for (std::size_t i = 0; i < n; ++i) to[i] = F(from[i]);
}

double sigmoid(double x) {
  // exp of a non-positive argument only: the other form overflows where the result is a denormal.
  const double e = std::exp(-std::fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}

double gelu(double x) {
  // x/2 erfc(z), z = -x / sqrt 2. The rounding error of z is made good to first order, for erfc falls by 2
  // z^2 times as much: erfc(z + d) = erfc(z) - d 2 / sqrt(pi) exp(-z^2).
  constexpr double kHi = 0.70710678118654757;
  constexpr double kLo = -4.8336466567264567e-17;
  const double z = -x * kHi;
  const double d = std::fma(-x, kHi, -z) - x * kLo;
  const double correction = std::isfinite(d) ? d * 2 * std::numbers::inv_sqrtpi * std::exp(-z * z) : 0.0;
  return x * 0.5 * (std::erfc(z) - correction);
}

}  // namespace

UnaryKernel double_math(std::uint32_t member) {
  switch (member) {
    case TENON_UNARY_EXP:
      return map<std::exp>;
    case TENON_UNARY_EXPM1:
      return map<std::expm1>;
    case TENON_UNARY_LOG:
      return map<std::log>;
    case TENON_UNARY_LOG1P:
      return map<std::log1p>;
    case TENON_UNARY_SIN:
      return map<std::sin>;
    case TENON_UNARY_COS:
      return map<std::cos>;
    case TENON_UNARY_TANH:
      return map<std::tanh>;
    case TENON_UNARY_SIGMOID:
      return map<sigmoid>;
    case TENON_UNARY_ERF:
      return map<std::erf>;
    case TENON_UNARY_GELU:
      return map<gelu>;
    default:
      return nullptr;
  }
}

void double_pow(const void* a, const void* b, void* out, std::size_t n) {
  const auto* x = static_cast<const double*>(a);
  const auto* y = static_cast<const double*>(b);
  auto* to = static_cast<double*>(out);
  for (std::size_t i = 0; i < n; ++i) to[i] = std::pow(x[i], y[i]);
}

}  // namespace tenon::cpu
