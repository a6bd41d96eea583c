#include "matmul_reference.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "reference.h"

namespace tenon::conformance {
namespace {

/// One element before it is judged.
struct Element {
  Real want;        // the exact result, before any activation
  Real magnitudes;  // R: the same expression on absolute values
};

/// k products and k - 1 sums make n = k + 1 roundings with the last; each epilogue step adds its own.
ContractionBound bound_of(DType dtype, std::int64_t k, const MatmulAttributes& attributes, bool bias,
                          Strictness strictness, std::uint32_t flags) {
  const auto products = static_cast<Real>(k);
  const Real roundings =
      products + 1 + (attributes.alpha != 1 ? 1 : 0) + (attributes.beta != 0 ? 2 : 0) + (bias ? 1 : 0);
  return {dtype, products, roundings, strictness, flags};
}

/// The activation carries the product's error on and adds its own.
Expected activated(const ContractionBound& bound, std::uint32_t activation, const Element& element) {
  if (!std::isfinite(element.want)) return unary(activation, bound.dtype(), element.want, bound.flags());
  const auto apply = [&](Real x) { return unary(activation, bound.accumulator(), x, bound.flags()); };
  const Real error = bound.accumulation_error(element.magnitudes) +
                     unit_roundoff(bound.accumulator()) * std::abs(element.want);
  const Expected center = apply(element.want);
  const Real spread = std::max(std::abs(apply(element.want + error).want - center.want),
                               std::abs(apply(element.want - error).want - center.want));
  const Real ulps = unary(activation, bound.dtype(), element.want, bound.flags()).bound;
  const Real own =
      center.measure == Measure::distance ? center.bound : ulps * ulp_of(bound.dtype(), center.want);
  return {center.want, Measure::distance, spread + own + 2 * ulp_of(bound.dtype(), center.want)};
}

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
  const ContractionBound bound = bound_of(out.dtype(), e.k, attributes, bias != nullptr, strictness, flags);
  const double alpha = attributes.alpha;
  const double beta = attributes.beta;
  return each_element(e, floating_values(a), floating_values(b),
                      [&](const double* row, const double* column, std::int64_t at) {
                        ProductSum product(out.dtype(), strictness);
                        for (std::int64_t p = 0; p < e.k; ++p) product.add(row[p], column[p * e.n]);
                        ExactSum total;
                        total.add(alpha * product.value());
                        Real magnitudes = product.magnitudes() * std::abs(alpha);
                        if (beta != 0) {
                          total.add_product(beta, static_cast<double>(out.at(at)));
                          magnitudes += std::abs(beta * out.at(at));
                        }
                        if (bias != nullptr) {
                          total.add(bias->at(at));
                          magnitudes += std::abs(bias->at(at));
                        }
                        const Element element{total.value(), magnitudes};
                        const bool as_is =
                            attributes.activation == TENON_NO_ACTIVATION || strictness == Strictness::exact;
                        return as_is ? bound.expect(element.want, element.magnitudes)
                                     : activated(bound, attributes.activation, element);
                      });
}

std::vector<Expected> integer_product(const Operand& a, const Operand& b, const Operand* bias,
                                      const Operand& out, const MatmulAttributes& attributes) {
  const Extents e = extents_of(a, out);
  return each_element(e, integer_values(a), integer_values(b),
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
