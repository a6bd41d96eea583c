// What abi.h says about single elements, in extended precision, with the tolerance that goes with it.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstdint>
#include <span>

#include "judge.h"

namespace tenon::conformance {

enum class Domain : std::uint8_t { any, not_boolean, floating, integer_or_boolean };

bool contains(Domain domain, DType dtype);

/// One member of the unary family.
struct UnaryRow {
  std::uint32_t member;
  const char* name;
  Domain domain;
  bool gives_boolean;
};

/// One member of the binary family.
struct BinaryRow {
  std::uint32_t member;
  const char* name;
  Domain domain;
  bool gives_boolean;
};

std::span<const UnaryRow> unary_rows();
std::span<const BinaryRow> binary_rows();

/// member(x) for x of `dtype`; `flags` are the plugin's TENON_FLAG_*.
Expected unary(std::uint32_t member, DType dtype, Real x, std::uint32_t flags = 0);
Expected binary(std::uint32_t member, DType dtype, Real a, Real b, std::uint32_t flags = 0);

/// MINIMUM(MAXIMUM(x, low), high).
Expected clamp(DType dtype, Real x, Real low, Real high);
/// a + b * c, rounded twice or once.
Expected multiply_add(DType dtype, Real a, Real b, Real c);

/// The cast of COPY.
Real cast(DType to, DType from, Real x);

/// The element of an integer dtype (or bool) that has the lowest bits of `bits`.
Real wrap(DType dtype, std::uint64_t bits);
/// The bits that wrap() takes.
std::uint64_t to_bits(Real integer);

/// IEEE 754-2019 maximum and minimum: NaN wins, -0 < +0.
Real maximum(Real a, Real b);
Real minimum(Real a, Real b);

/// A sum in twice the precision of Real (TwoSum, Knuth; Ogita, Rump and Oishi 2005, algorithm 4.4).
class ExactSum {
 public:
  void add(Real term);
  /// Adds a * b without a rounding (TwoProduct), unless it leaves the range of double.
  void add_product(double a, double b);
  [[nodiscard]] Real value() const;

 private:
  Real plain_ = 0;  // the answer where NaN or infinities take part
  Real high_ = 0;
  Real low_ = 0;
};

}  // namespace tenon::conformance
