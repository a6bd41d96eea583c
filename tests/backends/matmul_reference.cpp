#include "matmul_reference.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <type_traits>

#include "reference.h"

namespace tenon::conformance {
namespace {

/// The elements in row-major order, as double (which holds every floating element) or as the bits of
/// integers.
template <typename T>
std::vector<T> values_of(const Operand& operand) {
  std::vector<T> values(static_cast<std::size_t>(operand.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Real value = operand.at(static_cast<std::int64_t>(i));
    if constexpr (std::is_same_v<T, std::uint64_t>) {
      values[i] = to_bits(value);
    } else {
      values[i] = static_cast<double>(value);
    }
  }
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
        roundings_(k_ + 1 + (attributes.alpha != 1 ? 1 : 0) + (attributes.beta != 0 ? 2 : 0) +
                   (bias ? 1 : 0)),
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
    if (!std::isfinite(element.want)) return unary(activation_, dtype_, element.want, flags_);
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

/// Calls f(row of a, column of b, number of the output element) for every output element, row-major; the
/// column's elements are n apart.
template <typename T, typename F>
std::vector<Expected> each_element(const Extents& e, const std::vector<T>& a, const std::vector<T>& b,
                                   F&& f) {
  std::vector<Expected> expected;
  expected.reserve(static_cast<std::size_t>(e.batch * e.m * e.n));
  for (std::int64_t batch = 0; batch < e.batch; ++batch) {
    for (std::int64_t i = 0; i < e.m; ++i) {
      for (std::int64_t j = 0; j < e.n; ++j) {
        const T* const row = a.data() + (batch * e.m + i) * e.k;
        const T* const column = b.data() + batch * e.k * e.n + j;
        expected.push_back(f(row, column, static_cast<std::int64_t>(expected.size())));
      }
    }
  }
  return expected;
}

std::vector<Expected> floating_product(const Operand& a, const Operand& b, const Operand* bias,
                                       const Operand& out, const MatmulAttributes& attributes,
                                       Strictness strictness, std::uint32_t flags) {
  const Extents e = extents_of(a, out);
  const Judge judge(out.dtype(), e.k, attributes, bias != nullptr, strictness, flags);
  const double alpha = attributes.alpha;
  const double beta = attributes.beta;
  // Products of float32 and of whole numbers are exact in Real, whose roundings are 2^-40 of float32's.
  const bool wide = out.dtype() == DType::float64 && strictness != Strictness::exact;
  return each_element(e, values_of<double>(a), values_of<double>(b),
                      [&](const double* row, const double* column, std::int64_t at) {
                        ExactSum total;
                        Real plain = 0;
                        Real magnitudes = 0;
                        for (std::int64_t p = 0; p < e.k; ++p) {
                          const Real product = static_cast<Real>(row[p]) * column[p * e.n];
                          if (wide) {
                            total.add_product(row[p], column[p * e.n]);
                          } else {
                            plain += product;
                          }
                          magnitudes += std::abs(product);
                        }
                        if (!wide) total.add(plain);
                        const Real product = alpha * total.value();
                        total = {};
                        total.add(product);
                        magnitudes *= std::abs(alpha);
                        if (beta != 0) {
                          total.add_product(beta, static_cast<double>(out.at(at)));
                          magnitudes += std::abs(beta * out.at(at));
                        }
                        if (bias != nullptr) {
                          total.add(bias->at(at));
                          magnitudes += std::abs(bias->at(at));
                        }
                        return judge.expect({total.value(), magnitudes});
                      });
}

std::vector<Expected> integer_product(const Operand& a, const Operand& b, const Operand* bias,
                                      const Operand& out, const MatmulAttributes& attributes) {
  const Extents e = extents_of(a, out);
  return each_element(e, values_of<std::uint64_t>(a), values_of<std::uint64_t>(b),
                      [&](const std::uint64_t* row, const std::uint64_t* column, std::int64_t at) {
                        std::uint64_t sum = 0;
                        for (std::int64_t p = 0; p < e.k; ++p) sum += row[p] * column[p * e.n];
                        sum *= to_bits(attributes.alpha);
                        if (attributes.beta != 0) sum += to_bits(attributes.beta) * to_bits(out.at(at));
                        if (bias != nullptr) sum += to_bits(bias->at(at));
                        const Real want = wrap(out.dtype(), sum);
                        return attributes.activation == TENON_NO_ACTIVATION
                                   ? Expected{want}
                                   : unary(attributes.activation, out.dtype(), want);
                      });
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
  if (is_floating(out.dtype())) return floating_product(a, b, bias, out, attributes, strictness, flags);
  return integer_product(a, b, bias, out, attributes);
}

void grade_matmul(Grader& grader, const std::string& name, Operand& a, Operand& b, Operand* bias,
                  Operand& out, const MatmulAttributes& attributes, Strictness strictness) {
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
