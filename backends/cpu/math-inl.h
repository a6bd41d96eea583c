// Elementary functions on float64 vectors, to about 2^-36: enough for a float32 result that is rounded once
// to be within 0.51 ULP. Arguments are float32 values; NaN goes through. Compiled once per target.
#if defined(TENON_CPU_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_CPU_MATH_INL_H_
#undef TENON_CPU_MATH_INL_H_
#else
#define TENON_CPU_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D64 = hn::ScalableTag<double>;
using U64 = hn::RebindToUnsigned<D64>;
using F64 = hn::Vec<D64>;
using M64 = hn::Mask<D64>;

HWY_INLINE F64 splat(double value) { return hn::Set(D64(), value); }
HWY_INLINE hn::Vec<U64> splat_bits(std::uint64_t value) { return hn::Set(U64(), value); }
HWY_INLINE hn::Vec<U64> bits(F64 x) { return hn::BitCast(U64(), x); }
HWY_INLINE F64 from_bits(hn::Vec<U64> x) { return hn::BitCast(D64(), x); }

/// c[0] + c[1] x + ... + c[N - 1] x^(N - 1), by Horner's rule.
template <std::size_t N>
HWY_INLINE F64 polynomial(F64 x, const double (&c)[N]) {
  F64 sum = splat(c[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) sum = hn::MulAdd(sum, x, splat(c[i]));
  return sum;
}

/// x limited to [low, high]; NaN becomes one of the limits.
HWY_INLINE F64 limit(F64 x, double low, double high) { return hn::Max(hn::Min(x, splat(high)), splat(low)); }

/// e^x = scale (1 + p): x = k ln 2 + r, |r| <= ln 2 / 2, scale = 2^k, p = e^r - 1 by its Taylor series to
/// r^9. |x| < 700.
struct ExpParts {
  F64 scale;
  F64 p;
};
HWY_INLINE ExpParts exp_parts(F64 x) {
  // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
  const F64 magic = splat(6755399441055744.0);
  const F64 shifted = hn::MulAdd(x, splat(1.4426950408889634), magic);
  const F64 k = hn::Sub(shifted, magic);
  F64 r = hn::NegMulAdd(k, splat(0.69314718036912382), x);  // ln 2, its first 33 bits and the rest
  r = hn::NegMulAdd(k, splat(1.9082149292705877e-10), r);
  static constexpr double kTaylor[] = {1.0,       1.0 / 2,    1.0 / 6,     1.0 / 24,    1.0 / 120,
                                       1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880};
  const F64 scale = from_bits(hn::ShiftLeft<52>(hn::Add(bits(shifted), splat_bits(1023))));
  return {scale, hn::Mul(r, polynomial(r, kTaylor))};
}

HWY_INLINE F64 exp(F64 x) {
  const ExpParts e = exp_parts(x);
  return hn::MulAdd(e.scale, e.p, e.scale);
}

/// Relative precision near 0, too; a zero's sign is lost.
HWY_INLINE F64 expm1(F64 x) {
  const ExpParts e = exp_parts(x);
  return hn::MulAdd(e.scale, e.p, hn::Sub(e.scale, splat(1.0)));
}

/// ln of a positive normal x = 2^k m, sqrt(1/2) <= m < sqrt(2), as k ln 2 + 2 atanh(s), s = (m - 1) / (m +
/// 1), the series to s^13. Where k is 0, `below` stands for m - 1: log1p knows it more precisely than 1 + x
/// does.
HWY_INLINE F64 log_parts(F64 x, F64 below) {
  constexpr std::uint64_t kRootHalf = 0x3FE6A09E667F3BCD;
  constexpr std::uint64_t kBias = std::uint64_t{1023} << 52;
  const auto exponent =
      hn::ShiftRight<52>(hn::Add(hn::Sub(bits(x), splat_bits(kRootHalf)), splat_bits(kBias)));
  const F64 k =
      hn::Sub(from_bits(hn::Or(exponent, splat_bits(0x4330000000000000))), splat(4503599627370496.0 + 1023));
  const F64 m = from_bits(hn::Add(hn::Sub(bits(x), hn::ShiftLeft<52>(exponent)), splat_bits(kBias)));
  const F64 d = hn::IfThenElse(hn::Eq(k, splat(0.0)), below, hn::Sub(m, splat(1.0)));
  const F64 s = hn::Div(d, hn::Add(d, splat(2.0)));
  static constexpr double kSeries[] = {2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13};
  return hn::MulAdd(k, splat(0.69314718055994531), hn::Mul(s, polynomial(hn::Mul(s, s), kSeries)));
}

/// ln x for x = 1 + `below`, over all of its range: -inf at 0, NaN below.
HWY_INLINE F64 log_of(F64 x, F64 below) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  F64 y = log_parts(x, below);
  y = hn::IfThenElse(hn::Eq(x, splat(kInfinity)), x, y);
  y = hn::IfThenElse(hn::Eq(x, splat(0.0)), splat(-kInfinity), y);
  // Also where x is NaN.
  return hn::IfThenElse(hn::Ge(x, splat(0.0)), y, splat(std::numeric_limits<double>::quiet_NaN()));
}

/// erfc(z) for z >= 0 and z <= 1e30, relative: exp(-z^2) / (1 + 2z) times a polynomial in (z - K) / (z + K),
/// K = 3.75 (Shepherd & Laframboise 1981, with 17 terms interpolated at the Chebyshev points: 2e-12). 0
/// beyond z = 25.
HWY_INLINE F64 erfc(F64 z) {
  static constexpr double kShepherd[] = {1.23751263083783,     -0.140240598587683,   0.00358541552192979,
                                         0.0822767385898949,   -0.108803931897589,   0.092304319858493,
                                         -0.0586933738199889,  0.02836228455237,     -0.00974673732610103,
                                         0.00175560788446148,  0.000294250923409589, -0.000290138848411456,
                                         5.0597038817391e-5,   2.24057868662227e-5,  -1.02394119417776e-5,
                                         -1.03568849125947e-6, 9.71683259487029e-7};
  const F64 t = hn::Div(hn::Sub(z, splat(3.75)), hn::Add(z, splat(3.75)));
  const F64 near = hn::Min(z, splat(25.0));
  const F64 decay = exp(hn::Neg(hn::Mul(near, near)));
  const F64 y = hn::Div(hn::Mul(decay, polynomial(t, kShepherd)), hn::MulAdd(splat(2.0), z, splat(1.0)));
  return hn::IfThenElse(hn::Gt(z, splat(25.0)), splat(0.0), y);
}

/// sin(x + quadrant pi / 2) for |x| < 2^20. Reduced by pi / 2 in three parts (Cody & Waite; fdlibm's
/// constants), then Taylor series to r^13 and r^14.
HWY_INLINE F64 sine(F64 x, std::uint64_t quadrant) {
  const F64 magic = splat(6755399441055744.0);
  const F64 shifted = hn::MulAdd(x, splat(0.63661977236758138), magic);
  const F64 k = hn::Sub(shifted, magic);
  F64 r = hn::NegMulAdd(k, splat(1.57079632673412561417e+00), x);
  r = hn::NegMulAdd(k, splat(6.07710050630396597660e-11), r);
  r = hn::NegMulAdd(k, splat(2.02226624879595063154e-21), r);
  const F64 z = hn::Mul(r, r);
  static constexpr double kSine[] = {1.0,          -1.0 / 6,        1.0 / 120,         -1.0 / 5040,
                                     1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800.0};
  static constexpr double kCosine[] = {1.0,         -1.0 / 2,       1.0 / 24,          -1.0 / 720,
                                       1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600.0, -1.0 / 87178291200.0};
  const auto turn = hn::Add(bits(shifted), splat_bits(quadrant));
  const M64 odd = hn::MaskFromVec(from_bits(hn::ShiftLeft<63>(turn)));
  const F64 sign = from_bits(hn::ShiftLeft<63>(hn::ShiftRight<1>(turn)));
  const F64 odd_value = polynomial(z, kCosine);
  const F64 even_value = hn::Mul(r, polynomial(z, kSine));
  return hn::Xor(hn::IfThenElse(odd, odd_value, even_value), sign);
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#endif  // TENON_CPU_MATH_INL_H_
