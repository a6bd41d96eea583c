#include "matmul_reference.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "reference.h"

namespace tenon::conformance {
namespace {

std::vector<Real> values_of(const Operand& operand) {
  std::vector<Real> values(static_cast<std::size_t>(operand.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = operand.at(static_cast<std::int64_t>(i));
  return values;
}

/// One element before it is judged.
struct Element {
  Real want;        // the exact result, before any activation
  Real magnitudes;  // R: the same expression on absolute values
};

class Judge {
 public:
  Judge(DType dtype, std::int64_t k, const MatmulAttributes& attributes, bool bias, Strictness strictness,
        std::uint32_t flags)
      : dtype_(dtype),
        accumulator_(dtype == DType::bfloat16 ? DType::float32 : dtype),
        k_(static_cast<Real>(k)),
        // k products and k - 1 sums make n = k + 1 roundings with the last; each epilogue step adds its own.
        roundings_(k_ + 1 + (attributes.alpha != 1 ? 1 : 0) + (attributes.beta != 0 ? 2 : 0) + (bias ? 1 : 0)),
        activation_(attributes.activation),
        strictness_(strictness),
        flags_(flags) {}

  [[nodiscard]] Expected expect(const Element& element) const {
    if (strictness_ == Strictness::exact) return {element.want};
    if (activation_ == TENON_NO_ACTIVATION) {
      const Real error = accumulation_error(element);
      return {element.want, Measure::distance, error + output_rounding(element.want, error)};
    }
    return activated(element);
  }

 private:
  [[nodiscard]] Real accumulation_error(const Element& element) const {
    const Real u = unit_roundoff(accumulator_);
    const Real eta = (flags_ & TENON_FLAG_FLUSHES_DENORMALS) != 0 ? smallest_normal(accumulator_)
                                                                  : smallest_denormal(accumulator_);
    Real factor = gamma_bound(roundings_, u);
    if (strictness_ == Strictness::quality) factor = std::min(factor, (2 * std::sqrt(k_) + 4) * u);
    if (dtype_ == DType::float32 && (flags_ & TENON_FLAG_REDUCED_PRECISION_MATMUL) != 0) {
      const Real reduced = unit_roundoff(DType::bfloat16);
      factor += 2 * reduced + reduced * reduced;
    }
    return factor * element.magnitudes + roundings_ * eta;
  }

  [[nodiscard]] Real output_rounding(Real want, Real error) const {
    const Real u = unit_roundoff(dtype_);
    if (dtype_ == DType::bfloat16) return u * (std::abs(want) + error) + smallest_denormal(dtype_);
    return u * std::abs(want);
  }

  /// The activation carries the product's error on and adds its own.
  [[nodiscard]] Expected activated(const Element& element) const {
    const auto apply = [this](Real x) { return unary(activation_, accumulator_, x, flags_); };
    const Real error = accumulation_error(element) + unit_roundoff(accumulator_) * std::abs(element.want);
    const Expected center = apply(element.want);
    const Real spread = std::max(std::abs(apply(element.want + error).want - center.want),
                                 std::abs(apply(element.want - error).want - center.want));
    const Real ulps = unary(activation_, dtype_, element.want, flags_).bound;
    const Real own = center.measure == Measure::distance ? center.bound : ulps * ulp_of(dtype_, center.want);
    return {center.want, Measure::distance, spread + own + 2 * ulp_of(dtype_, center.want)};
  }

  DType dtype_;
  DType accumulator_;
  Real k_;
  Real roundings_;
  std::uint32_t activation_;
  Strictness strictness_;
  std::uint32_t flags_;
};

struct Extents {
  std::int64_t batch, m, n, k;
};

Extents extents_of(const Operand& a, const Operand& out) {
  const std::size_t rank = out.shape().size();
  Extents e{1, out.shape()[rank - 2], out.shape()[rank - 1], a.shape()[rank - 1]};
  for (std::size_t axis = 0; axis + 2 < rank; ++axis) e.batch *= out.shape()[axis];
  return e;
}

}  // namespace

tenon_matmul_attributes MatmulAttributes::frame() const {
  return {sizeof(tenon_matmul_attributes),
          activation,
          {alpha, static_cast<std::int64_t>(alpha)},
          {beta, static_cast<std::int64_t>(beta)}};
}

std::vector<Expected> matmul(const Operand& a, const Operand& b, const Operand* bias, const Operand& out,
                             const MatmulAttributes& attributes, Strictness strictness, std::uint32_t flags) {
  const DType dtype = out.dtype();
  const Extents e = extents_of(a, out);
  const std::vector<Real> left = values_of(a);
  const std::vector<Real> right = values_of(b);
  const std::vector<Real> old = attributes.beta != 0 ? values_of(out) : std::vector<Real>{};
  const std::vector<Real> shift = bias != nullptr ? values_of(*bias) : std::vector<Real>{};
  const Judge judge(dtype, e.k, attributes, bias != nullptr, strictness, flags);
  const Real alpha = attributes.alpha;
  const Real beta = attributes.beta;

  const auto floating = [&](const Real* row, const Real* column, std::size_t at) {
    ExactSum sum;
    Real magnitudes = 0;
    for (std::int64_t p = 0; p < e.k; ++p) {
      const Real x = row[p];
      const Real y = column[p * e.n];
      if (dtype == DType::float64) {
        sum.add_product(x, y);
      } else {
        sum.add(x * y);
      }
      magnitudes += std::abs(x * y);
    }
    ExactSum total;
    total.add(alpha * sum.value());
    magnitudes *= std::abs(alpha);
    if (!old.empty()) {
      total.add_product(beta, old[at]);
      magnitudes += std::abs(beta * old[at]);
    }
    if (!shift.empty()) {
      total.add(shift[at]);
      magnitudes += std::abs(shift[at]);
    }
    return judge.expect({total.value(), magnitudes});
  };
  const auto integral = [&](const Real* row, const Real* column, std::size_t at) {
    std::uint64_t sum = 0;
    for (std::int64_t p = 0; p < e.k; ++p) sum += to_bits(row[p]) * to_bits(column[p * e.n]);
    sum *= to_bits(alpha);
    if (!old.empty()) sum += to_bits(beta) * to_bits(old[at]);
    if (!shift.empty()) sum += to_bits(shift[at]);
    const Real want = wrap(dtype, sum);
    return attributes.activation == TENON_NO_ACTIVATION ? Expected{want}
                                                        : unary(attributes.activation, dtype, want);
  };

  std::vector<Expected> expected;
  expected.reserve(static_cast<std::size_t>(out.size()));
  for (std::int64_t batch = 0; batch < e.batch; ++batch) {
    for (std::int64_t i = 0; i < e.m; ++i) {
      for (std::int64_t j = 0; j < e.n; ++j) {
        const Real* const row = left.data() + (batch * e.m + i) * e.k;
        const Real* const column = right.data() + batch * e.k * e.n + j;
        const std::size_t at = expected.size();
        expected.push_back(is_floating(dtype) ? floating(row, column, at) : integral(row, column, at));
      }
    }
  }
  return expected;
}

void grade_matmul(Grader& grader, const std::string& name, Operand& a, Operand& b, Operand* bias, Operand& out,
                  const MatmulAttributes& attributes, Strictness strictness) {
  const std::uint32_t flags = grader.plugin().properties().flags;
  const std::vector<Expected> expected = matmul(a, b, bias, out, attributes, strictness, flags);
  const tenon_matmul_attributes frame = attributes.frame();
  std::vector<Operand*> inputs = {&a, &b};
  if (bias != nullptr) inputs.push_back(bias);
  char text[96];
  std::snprintf(text, sizeof(text), ", alpha %g, beta %g, activation %d", attributes.alpha, attributes.beta,
                static_cast<std::int32_t>(attributes.activation));
  grader.grade({TENON_OP_MATMUL, "matmul " + name + text, inputs, &out, &frame}, expected);
}

}  // namespace tenon::conformance
