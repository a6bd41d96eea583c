// When is an element right? The measures of the tolerance table: bits, units in the last place, and distances
// derived from gamma_n. Bounds come from the arithmetic; nothing here knows a backend.
#pragma once

#include <tenon/plugin/dtype.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace tenon::conformance {

/// The type of every reference value: holds each element of each dtype exactly, int64 and float64 included.
using Real = long double;
static_assert(std::numeric_limits<Real>::digits >= 64, "int64 must fit into Real exactly");

using plugin::is_floating;

inline constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();
inline constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

enum class Measure : std::uint8_t {
  bits,     ///< the same value and sign of zero; any NaN for a NaN
  ulps,     ///< at most `bound` representable values away from `want` rounded to the output's dtype
  distance  ///< |got - want| <= bound; infinities and NaN only for themselves
};

/// What one output element must be.
struct Expected {
  Real want = 0;
  Measure measure = Measure::bits;
  Real bound = 0;
  std::optional<Real> other{};  ///< a second right answer, where the contract leaves the choice
};

/// u of the tolerance table: 2^-24, 2^-53, 2^-8.
Real unit_roundoff(DType dtype);

/// eta: the smallest denormal of a floating dtype.
Real smallest_denormal(DType dtype);

/// The smallest normal value of a floating dtype.
Real smallest_normal(DType dtype);

/// n u / (1 - n u), Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., (3.1).
Real gamma_bound(Real n, Real u);

/// `value` as an element of `dtype`: rounded to nearest even (bfloat16 by way of float32), or, for integers
/// and bool, which must be in range already, unchanged.
Real round_to(DType dtype, Real value);

/// How many representable values apart two values of a floating dtype are; both zeros are one value. Infinity
/// lies one step beyond the largest finite value. 0 for two NaNs, infinite for one.
Real ulp_distance(DType dtype, Real a, Real b);

/// The distance from |value| to the next larger element of a floating dtype.
Real ulp_of(DType dtype, Real value);

/// Whether an element that a backend wrote is right.
bool accepts(DType dtype, Real got, const Expected& expected);

/// Whether a zero would be right too. Where that holds for most of an output, the verdict says little.
bool accepts_zero(DType dtype, const Expected& expected);

/// "got 1.5 (0x1.8p+0), want ..., 7 ULP apart, bound 4".
std::string explain(DType dtype, Real got, const Expected& expected);

/// "float32", ...
const char* name_of(DType dtype);

/// Bytes of one element.
std::size_t size_of(DType dtype);

}  // namespace tenon::conformance
