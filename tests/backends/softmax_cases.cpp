// SOFTMAX: rows and columns of any layout, rows of extreme values, sums of one.
#include <cmath>
#include <string>

#include "device_operands.h"
#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

constexpr DType kFloating[] = {DType::float32, DType::float64, DType::bfloat16};

/// One line along the axis, in extended precision.
struct Line {
  Real most = -kInfinity;
  Real total = 0;  // of the exponentials
  Real n = 0;

  explicit Line(const std::vector<Real>& x) : n(static_cast<Real>(x.size())) {
    for (const Real each : x) most = std::isnan(each) || std::isnan(most) ? kNaN : std::fmax(most, each);
    for (const Real each : x) total += std::exp(each - most);
  }

  /// Relative, (|x - max| + 8 + n) u; bfloat16: 2 ULP. The logarithm of a sum that has an error of n u has
  /// that error itself, not relative to it: LOG_SOFTMAX is measured against 1 where it is smaller.
  [[nodiscard]] Expected expect(DType dtype, std::uint32_t member, Real x) const {
    const Real shifted = x - most;
    const bool log = member == TENON_SOFTMAX_LOG_SOFTMAX;
    const Real want = log ? shifted - std::log(total) : std::exp(shifted) / total;
    if (!std::isfinite(want) || want == 0) return {want};
    const bool narrow = dtype == DType::bfloat16;
    if (narrow && !log) return {want, Measure::ulps, 2};
    const Real scale = log ? std::fmax(std::abs(want), 1.0L) : want;
    const Real error = (std::abs(shifted) + 8 + n) * unit_roundoff(narrow ? DType::float32 : dtype) * scale;
    return {want, Measure::distance, error + (narrow ? 2 * ulp_of(dtype, want) : smallest_denormal(dtype))};
  }
};

void grade(Grader& grader, Operand& x, std::size_t axis, Layout layout, int lead) {
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < x.shape().size(); ++i) inner *= x.shape()[i];
  const std::int64_t n = x.shape()[axis];
  for (const std::uint32_t member : {TENON_SOFTMAX_SOFTMAX, TENON_SOFTMAX_LOG_SOFTMAX}) {
    Operand out(x.dtype(), x.shape(), Role::output, layout, lead);
    std::vector<Expected> expected(static_cast<std::size_t>(out.size()));
    for (std::int64_t i = 0; i < out.size(); ++i) {
      if (i / inner % n != 0) continue;
      std::vector<Real> line;
      for (std::int64_t k = 0; k < n; ++k) line.push_back(x.at(i + k * inner));
      const Line along(line);
      for (std::int64_t k = 0; k < n; ++k) {
        expected[static_cast<std::size_t>(i + k * inner)] =
            along.expect(x.dtype(), member, line[static_cast<std::size_t>(k)]);
      }
    }
    const tenon_softmax_attributes attributes = {sizeof(attributes), member, static_cast<std::int32_t>(axis)};
    const char* const name = member == TENON_SOFTMAX_SOFTMAX ? "softmax" : "log_softmax";
    grader.grade({TENON_OP_SOFTMAX, name, {&x}, &out, &attributes}, expected);
  }
}

/// Every axis of every shape, every layout.
void layouts(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kFloating) {
    for (const Shape& shape : sweep_shapes()) {
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (shape.size() > 8 && shape[axis] == 1) continue;
        const Layout in = kInputLayouts[static_cast<std::size_t>(turn) % kInputLayouts.size()];
        const Layout out = kOutputLayouts[static_cast<std::size_t>(turn) % kOutputLayouts.size()];
        for (const Layout layout : {Layout::contiguous, in}) {
          Operand x(dtype, shape, Role::input, layout, turn % 3);
          x.fill(ordinary_values(dtype, 101, static_cast<std::uint64_t>(turn)));
          grade(grader, x, axis, out, turn % 2);
        }
        ++turn;
      }
    }
  }
}

/// Rows of every length around the sizes of vectors, and long ones; differences up to where exp is 0.
void lengths(Grader& grader) {
  for (const DType dtype : kFloating) {
    for (const std::int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 67, 511, 513, 1000, 5003}) {
      Operand x(dtype, {n < 100 ? 67 : 3, n}, Role::input);
      std::vector<Real> values = ordinary_values(dtype, 10007, static_cast<std::uint64_t>(n));
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = round_to(dtype, values[i] * (i % 7 == 0 ? 100 : i % 3 == 0 ? 10 : 1));
      }
      x.fill(values);
      grade(grader, x, 1, Layout::contiguous, 1);
    }
  }
}

/// NaN and infinity make a NaN of all of their line and of no other; -infinity alone counts for nothing.
void specials(Grader& grader) {
  for (const DType dtype : kFloating) {
    for (std::int64_t n = 1; n <= 37; n += 4) {
      for (const Real special : {kNaN, kInfinity, -kInfinity, -0.0L, 1e30L}) {
        for (const Layout layout : {Layout::contiguous, Layout::transposed}) {
          Operand x(dtype, {19, n}, Role::input, layout);
          x.fill(ordinary_values(dtype, 509, 3));
          for (std::int64_t row = 0; row < 19; row += 3) x.put(row * n + row % n, special);
          grade(grader, x, 1, Layout::contiguous, 1);
        }
      }
      Operand nothing(dtype, {3, n}, Role::input);
      nothing.fill({-kInfinity});
      grade(grader, nothing, 1, Layout::contiguous, 1);
    }
  }
}

/// Each row of SOFTMAX is a distribution: its sum is 1 within gamma_n.
void sums(Grader& grader) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const std::int64_t n : {2, 10, 67, 1000}) {
      Operand x(dtype, {31, n}, Role::input);
      Operand out(dtype, {31, n}, Role::output);
      x.fill(ordinary_values(dtype, 10007, 5));
      const DLTensor from = x.tensor();
      const DLTensor to = out.tensor();
      const tenon_softmax_attributes attributes = {sizeof(attributes), TENON_SOFTMAX_SOFTMAX, 1};
      const tenon_call call = {sizeof(call), TENON_OP_SOFTMAX, 1, 1, &from, &to, &attributes, nullptr};
      if (run_call(grader.plugin(), call, {&x, &out}) == TENON_UNSUPPORTED) continue;
      for (std::int64_t row = 0; row < 31; ++row) {
        Real total = 0;
        for (std::int64_t i = 0; i < n; ++i) total += out.at(row * n + i);
        const bool right = std::abs(total - 1) <= gamma_bound(static_cast<Real>(n), unit_roundoff(dtype));
        grader.verdict(n, right ? "" : "the sum of softmax over " + std::to_string(n) + " elements is not 1");
      }
    }
  }
}

constexpr Section kSections[] = {
    {"softmax_layouts", layouts},
    {"softmax_lengths", lengths},
    {"softmax_specials", specials},
    {"softmax_sums", sums},
};

}  // namespace

std::span<const Section> softmax_sections() { return kSections; }

}  // namespace tenon::conformance
