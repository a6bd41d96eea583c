#include "contraction_bound.h"

#include <algorithm>

namespace tenon::conformance {
namespace {

template <typename T, typename Convert>
std::vector<T> values_of(const Operand& operand, Convert&& convert) {
  std::vector<T> values(static_cast<std::size_t>(operand.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = convert(operand.at(static_cast<std::int64_t>(i)));
  }
  return values;
}

}  // namespace

std::vector<double> floating_values(const Operand& operand) {
  return values_of<double>(operand, [](Real value) { return static_cast<double>(value); });
}

std::vector<std::uint64_t> integer_values(const Operand& operand) {
  return values_of<std::uint64_t>(operand, to_bits);
}

ContractionBound::ContractionBound(DType dtype, Real k, Real roundings, Strictness strictness,
                                   std::uint32_t flags)
    : dtype_(dtype),
      accumulator_(dtype == DType::bfloat16 ? DType::float32 : dtype),
      k_(k),
      roundings_(roundings),
      strictness_(strictness),
      flags_(flags) {}

Expected ContractionBound::expect(Real want, Real magnitudes) const {
  if (strictness_ == Strictness::exact) return {want};
  const Real error = accumulation_error(magnitudes);
  return {want, Measure::distance, error + output_rounding(want, error)};
}

Real ContractionBound::accumulation_error(Real magnitudes) const {
  const Real u = unit_roundoff(accumulator_);
  const Real eta = (flags_ & TENON_FLAG_FLUSHES_DENORMALS) != 0 ? smallest_normal(accumulator_)
                                                                : smallest_denormal(accumulator_);
  Real factor = gamma_bound(roundings_, u);
  if (strictness_ == Strictness::quality) factor = std::min(factor, (2 * std::sqrt(k_) + 4) * u);
  if (dtype_ == DType::float32 && (flags_ & TENON_FLAG_REDUCED_PRECISION_MATMUL) != 0) {
    const Real reduced = unit_roundoff(DType::bfloat16);
    factor += 2 * reduced + reduced * reduced;
  }
  return factor * magnitudes + roundings_ * eta;
}

Real ContractionBound::output_rounding(Real want, Real error) const {
  const Real u = unit_roundoff(dtype_);
  if (dtype_ == DType::bfloat16) return u * (std::abs(want) + error) + smallest_denormal(dtype_);
  return u * std::abs(want);
}

}  // namespace tenon::conformance
