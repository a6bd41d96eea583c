// What MATMUL and EINSUM share: sums of products in extended precision, and how far from them a backend may
// be.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "operand.h"
#include "reference.h"

namespace tenon::conformance {

/// How strictly a sum of products is judged.
enum class Strictness : std::uint8_t {
  bound,    ///< gamma_n R + u |ref| + n eta
  quality,  ///< also max |err| / (u R) <= 2 sqrt(k) + 4, for data without structure
  exact     ///< bit for bit: whole numbers of which every partial sum is exact
};

/// All dtypes of MATMUL and EINSUM.
inline constexpr DType kContractionDTypes[] = {DType::float32, DType::float64, DType::bfloat16,
                                               DType::int32,   DType::int64,   DType::uint8};
inline constexpr DType kFloatingDTypes[] = {DType::float32, DType::float64, DType::bfloat16};

/// The elements in row-major order as double, which holds every floating element.
std::vector<double> floating_values(const Operand& operand);
/// The elements in row-major order as the bits of integers.
std::vector<std::uint64_t> integer_values(const Operand& operand);

/// The sum of products of floating elements, and R, the same of absolute values.
class ProductSum {
 public:
  /// Products of float32 and of whole numbers are exact in Real, whose roundings are 2^-40 of float32's; sums
  /// of float64 need twice its precision.
  ProductSum(DType dtype, Strictness strictness)
      : wide_(dtype == DType::float64 && strictness != Strictness::exact) {}

  void add(double a, double b) {
    const Real product = static_cast<Real>(a) * b;
    if (wide_) {
      exact_.add_product(a, b);
    } else {
      plain_ += product;
    }
    magnitudes_ += std::abs(product);
  }

  [[nodiscard]] Real value() const { return wide_ ? exact_.value() : plain_; }
  [[nodiscard]] Real magnitudes() const { return magnitudes_; }

 private:
  bool wide_;
  ExactSum exact_;
  Real plain_ = 0;
  Real magnitudes_ = 0;
};

/// The row of the tolerance table for sums of k products, in `roundings` (n of the table) steps.
class ContractionBound {
 public:
  /// `flags` are the plugin's TENON_FLAG_*.
  ContractionBound(DType dtype, Real k, Real roundings, Strictness strictness, std::uint32_t flags);

  /// What an element must be whose exact value is `want` and whose R is `magnitudes`.
  [[nodiscard]] Expected expect(Real want, Real magnitudes) const;

  /// gamma_n R + n eta, of the dtype that is accumulated in.
  [[nodiscard]] Real accumulation_error(Real magnitudes) const;

  [[nodiscard]] DType dtype() const { return dtype_; }
  /// float32 for bfloat16.
  [[nodiscard]] DType accumulator() const { return accumulator_; }
  [[nodiscard]] std::uint32_t flags() const { return flags_; }

 private:
  [[nodiscard]] Real output_rounding(Real want, Real error) const;

  DType dtype_;
  DType accumulator_;
  Real k_;
  Real roundings_;
  Strictness strictness_;
  std::uint32_t flags_;
};

}  // namespace tenon::conformance
