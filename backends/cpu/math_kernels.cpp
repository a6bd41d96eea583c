// The transcendental members in float32: computed on float64 vectors and rounded once.
#include <cmath>
#include <cstring>

#include "cpu/tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/math_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

using D32 = hn::Rebind<float, D64>;  // as many float32 lanes as there are float64 lanes

/// Rounds to float32, to infinity beyond its range: where there are no vectors, Highway would stop at the
/// largest number.
HWY_INLINE void store_rounded(F64 x, float* to) {
  if constexpr (HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR) {
    HWY_ALIGN double lanes[HWY_MAX_BYTES / sizeof(double)];
    hn::Store(x, D64(), lanes);
    for (std::size_t i = 0; i < hn::Lanes(D64()); ++i) to[i] = static_cast<float>(lanes[i]);
  } else {
    hn::StoreU(hn::DemoteTo(D32(), x), D32(), to);
  }
}

HWY_INLINE F64 keep_nan(F64 x, F64 y) { return hn::IfThenElse(hn::Eq(x, x), y, x); }
HWY_INLINE F64 keep_zero(F64 x, F64 y) { return hn::IfThenElse(hn::Eq(x, splat(0.0)), x, y); }

// Beyond these limits exp is 0 or infinity in float32.
HWY_INLINE F64 limit_exp(F64 x) { return limit(x, -110.0, 110.0); }

struct Exp {
  HWY_INLINE F64 operator()(F64 x) const { return keep_nan(x, exp(limit_exp(x))); }
};

struct Expm1 {
  HWY_INLINE F64 operator()(F64 x) const { return keep_nan(x, keep_zero(x, expm1(limit_exp(x)))); }
};

struct Log {
  HWY_INLINE F64 operator()(F64 x) const { return log_of(x, hn::Sub(x, splat(1.0))); }
};

struct Log1p {
  HWY_INLINE F64 operator()(F64 x) const { return keep_zero(x, log_of(hn::Add(x, splat(1.0)), x)); }
};

struct Tanh {
  // (e^2x - 1) / (e^2x + 1); 1 in float32 from |x| = 10 on.
  HWY_INLINE F64 operator()(F64 x) const {
    const F64 near = limit(x, -20.0, 20.0);
    const F64 e = expm1(hn::Add(near, near));
    return keep_nan(x, keep_zero(x, hn::Div(e, hn::Add(e, splat(2.0)))));
  }
};

struct Sigmoid {
  HWY_INLINE F64 operator()(F64 x) const {
    return keep_nan(x, hn::Div(splat(1.0), hn::Add(splat(1.0), exp(limit_exp(hn::Neg(x))))));
  }
};

struct Erf {
  HWY_INLINE F64 operator()(F64 x) const {
    // 2 / sqrt(pi) sum (-1)^n x^(2n + 1) / (n! (2n + 1)), below 1/2.
    constexpr double c = 1.1283791670955126;
    static constexpr double kMaclaurin[] = {c,         -c / 3,   c / 10,     -c / 42,   c / 216,
                                            -c / 1320, c / 9360, -c / 75600, c / 685440};
    const F64 z = limit(hn::Abs(x), 0.0, 30.0);
    const F64 small = hn::Mul(x, polynomial(hn::Mul(z, z), kMaclaurin));
    const F64 large = hn::CopySign(hn::Sub(splat(1.0), erfc(z)), x);
    return keep_nan(x, hn::IfThenElse(hn::Lt(z, splat(0.5)), small, large));
  }
};

struct Gelu {
  // x/2 erfc(-x / sqrt 2): relative precision far out on the left, too.
  HWY_INLINE F64 operator()(F64 x) const {
    const F64 z = hn::Mul(limit(hn::Abs(x), 0.0, 1e30), splat(0.70710678118654752));
    const F64 tail = erfc(z);
    const F64 twice = hn::IfThenElse(hn::Lt(x, splat(0.0)), tail, hn::Sub(splat(2.0), tail));
    return keep_nan(x, hn::Mul(hn::Mul(x, splat(0.5)), twice));
  }
};

/// Calls `op` on groups of lanes; the last group is filled up with zeros, so that every element is computed
/// alike.
template <class Op>
void map(const void* x, void* out, std::size_t n) {
  const D32 d32;
  const D64 d64;
  const std::size_t lanes = hn::Lanes(d64);
  const auto* from = static_cast<const float*>(x);
  auto* to = static_cast<float*>(out);
  const auto group = [&](const float* source, float* target) HWY_ATTR {
    store_rounded(Op{}(hn::PromoteTo(d64, hn::LoadU(d32, source))), target);
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) group(from + i, to + i);
  if (i < n) {
    float rest[HWY_MAX_BYTES / sizeof(float)] = {};
    std::memcpy(rest, from + i, (n - i) * sizeof(float));
    group(rest, rest);
    std::memcpy(to + i, rest, (n - i) * sizeof(float));
  }
}

/// sin and cos, for which arguments from 2^20 on go to the C library one by one.
template <std::uint64_t Quadrant>
struct Sine {
  HWY_INLINE F64 operator()(F64 x) const {
    const M64 near = hn::Lt(hn::Abs(x), splat(1048576.0));
    if (HWY_LIKELY(hn::AllTrue(D64(), near))) return keep(x, sine(x, Quadrant));
    HWY_ALIGN double lanes[HWY_MAX_BYTES / sizeof(double)];
    HWY_ALIGN double result[HWY_MAX_BYTES / sizeof(double)];
    hn::Store(x, D64(), lanes);
    hn::Store(keep(x, sine(hn::IfThenElseZero(near, x), Quadrant)), D64(), result);
    for (std::size_t i = 0; i < hn::Lanes(D64()); ++i) {
      if (!(std::fabs(lanes[i]) < 1048576.0))
        result[i] = Quadrant == 0 ? std::sin(lanes[i]) : std::cos(lanes[i]);
    }
    return hn::Load(D64(), result);
  }
  /// sin keeps the sign of a zero.
  static HWY_INLINE F64 keep(F64 x, F64 y) { return Quadrant == 0 ? keep_zero(x, y) : y; }
};

/// |x|^y = exp(y ln |x|), negated where x < 0 and y is odd. Zeros, infinities and NaNs go to the C library.
void pow_group(const float* base, const float* exponent, float* out) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const D32 d32;
  const D64 d64;
  const F64 x = hn::PromoteTo(d64, hn::LoadU(d32, base));
  const F64 y = hn::PromoteTo(d64, hn::LoadU(d32, exponent));
  const F64 magnitude = hn::Abs(x);
  const M64 plain = hn::And(hn::And(hn::Gt(magnitude, splat(0.0)), hn::Le(magnitude, splat(kLargest))),
                            hn::Le(hn::Abs(y), splat(kLargest)));
  const F64 positive = hn::IfThenElse(plain, magnitude, splat(1.0));
  const F64 logarithm = log_parts(positive, hn::Sub(positive, splat(1.0)));
  const F64 power = exp(limit_exp(hn::Mul(y, logarithm)));
  const M64 whole = hn::Eq(hn::Floor(y), y);
  const F64 half = hn::Mul(y, splat(0.5));
  const M64 odd = hn::AndNot(hn::Eq(hn::Floor(half), half), whole);
  const F64 negative = hn::IfThenElse(whole, hn::IfThenElse(odd, hn::Neg(power), power),
                                      splat(std::numeric_limits<double>::quiet_NaN()));
  const F64 result = hn::IfThenElse(hn::Lt(x, splat(0.0)), negative, power);
  if (HWY_LIKELY(hn::AllTrue(d64, plain))) {
    store_rounded(result, out);
    return;
  }
  HWY_ALIGN double bases[HWY_MAX_BYTES / sizeof(double)];
  HWY_ALIGN double exponents[HWY_MAX_BYTES / sizeof(double)];
  HWY_ALIGN double results[HWY_MAX_BYTES / sizeof(double)];
  hn::Store(x, d64, bases);
  hn::Store(y, d64, exponents);
  hn::Store(result, d64, results);
  for (std::size_t i = 0; i < hn::Lanes(d64); ++i) {
    const double size = std::fabs(bases[i]);
    if (!(size > 0.0 && size <= kLargest && std::fabs(exponents[i]) <= kLargest)) {
      results[i] = std::pow(bases[i], exponents[i]);
    }
  }
  store_rounded(hn::Load(d64, results), out);
}

void map_pow(const void* a, const void* b, void* out, std::size_t n) {
  const std::size_t lanes = hn::Lanes(D64());
  const auto* x = static_cast<const float*>(a);
  const auto* y = static_cast<const float*>(b);
  auto* to = static_cast<float*>(out);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) pow_group(x + i, y + i, to + i);
  if (i < n) {
    float base[HWY_MAX_BYTES / sizeof(float)];
    float exponent[HWY_MAX_BYTES / sizeof(float)];
    for (std::size_t j = 0; j < lanes; ++j) base[j] = exponent[j] = 1.0F;
    std::memcpy(base, x + i, (n - i) * sizeof(float));
    std::memcpy(exponent, y + i, (n - i) * sizeof(float));
    pow_group(base, exponent, base);
    std::memcpy(to + i, base, (n - i) * sizeof(float));
  }
}

UnaryKernel find_math(std::uint32_t member) {
  switch (member) {
    case TENON_UNARY_EXP:
      return map<Exp>;
    case TENON_UNARY_EXPM1:
      return map<Expm1>;
    case TENON_UNARY_LOG:
      return map<Log>;
    case TENON_UNARY_LOG1P:
      return map<Log1p>;
    case TENON_UNARY_SIN:
      return map<Sine<0>>;
    case TENON_UNARY_COS:
      return map<Sine<1>>;
    case TENON_UNARY_TANH:
      return map<Tanh>;
    case TENON_UNARY_SIGMOID:
      return map<Sigmoid>;
    case TENON_UNARY_ERF:
      return map<Erf>;
    case TENON_UNARY_GELU:
      return map<Gelu>;
    default:
      return nullptr;
  }
}

BinaryKernel find_pow() { return map_pow; }

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(find_math);
HWY_EXPORT(find_pow);

UnaryKernel float_math(std::uint32_t member) { return HWY_DYNAMIC_DISPATCH(find_math)(member); }

BinaryKernel float_pow() { return HWY_DYNAMIC_DISPATCH(find_pow)(); }

}  // namespace tenon::cpu
#endif  // HWY_ONCE
