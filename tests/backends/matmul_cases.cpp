// MATMUL: shapes, layouts, batches, epilogues, special values.
#include <algorithm>
#include <cmath>
#include <string>

#include "matmul_reference.h"
#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

Shape joined(const Shape& batch, std::int64_t rows, std::int64_t columns) {
  Shape shape = batch;
  shape.push_back(rows);
  shape.push_back(columns);
  return shape;
}

/// Small whole numbers: exact in every dtype, in any order.
std::vector<Real> small_numbers(DType dtype, std::uint64_t seed) { return whole_values(dtype, 509, 7, seed); }

Strictness whole_number_strictness(DType dtype) {
  return is_floating(dtype) ? Strictness::exact : Strictness::bound;
}

/// All combinations of small extents, zero included.
void shapes(Grader& grader) {
  const std::int64_t extents[] = {0, 1, 2, 3, 8, 17};
  std::size_t turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const std::int64_t m : extents) {
      for (const std::int64_t n : extents) {
        for (const std::int64_t k : extents) {
          const Layout layout = turn % 2 == 0 ? Layout::contiguous : Layout::transposed;
          const auto lead = static_cast<int>(turn % 3);
          Operand a(dtype, {m, k}, Role::input, layout, lead);
          Operand b(dtype, {k, n}, Role::input, turn % 3 == 0 ? Layout::transposed : Layout::padded,
                    lead + 1);
          Operand out(dtype, {m, n}, Role::output, kOutputLayouts[turn % 5], lead);
          a.fill(ordinary_values(dtype, 101, turn));
          b.fill(ordinary_values(dtype, 103, turn + 1));
          grade_matmul(grader, "shapes", a, b, nullptr, out);
          ++turn;
        }
      }
    }
  }
}

/// Every layout of each operand with every layout of the others.
void layouts(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const Layout left : kInputLayouts) {
      for (const Layout right : kInputLayouts) {
        for (const Layout result : kOutputLayouts) {
          // Vectors and thin matrices take other paths than blocks.
          const std::int64_t m = turn % 4 == 1 ? 1 : 6;
          const std::int64_t n = turn % 4 == 2 ? 1 : 7;
          const std::int64_t k = turn % 4 == 3 ? 1 : 5;
          Operand a(dtype, {m, k}, Role::input, left, turn % 4);
          Operand b(dtype, {k, n}, Role::input, right, turn % 3);
          Operand out(dtype, {m, n}, Role::output, result, turn % 2);
          a.fill(ordinary_values(dtype, 101, 1));
          b.fill(ordinary_values(dtype, 103, 2));
          grade_matmul(grader, "layouts", a, b, nullptr, out);
          ++turn;
        }
      }
    }
  }
}

/// Extents around the sizes of registers and tiles; whole numbers, bit for bit.
void tiles(Grader& grader) {
  const std::int64_t extents[] = {15, 16, 17, 31, 33, 63, 64, 65, 127, 129};
  std::size_t turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const std::int64_t m : extents) {
      const std::int64_t n = extents[(turn * 3 + 1) % std::size(extents)];
      const std::int64_t k = extents[(turn * 7 + 2) % std::size(extents)];
      for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced}) {
        Operand a(dtype, {m, k}, Role::input, layout, 1);
        Operand b(dtype, {k, n}, Role::input, turn % 2 == 0 ? Layout::contiguous : Layout::transposed, 3);
        Operand out(dtype, {m, n}, Role::output, turn % 3 == 0 ? Layout::padded : Layout::contiguous, 1);
        a.fill(small_numbers(dtype, turn));
        b.fill(small_numbers(dtype, turn + 1));
        grade_matmul(grader, "tiles", a, b, nullptr, out, {}, whole_number_strictness(dtype));
        ++turn;
      }
    }
  }
}

/// Products that are wide and not deep, where blocks and tails meet; on one thread and on several.
void wide(Grader& grader) {
  for (const std::int32_t threads : {1, 2, 5}) {
    host::set_num_threads(threads);
    for (const Shape& size :
         {Shape{50, 64, 784}, Shape{33, 100, 1001}, Shape{24, 24, 576}, Shape{64, 784, 50}}) {
      for (const Layout layout : {Layout::contiguous, Layout::transposed}) {
        Operand a(DType::float32, {size[0], size[1]}, Role::input, layout);
        Operand b(DType::float32, {size[1], size[2]}, Role::input, Layout::contiguous);
        Operand bias(DType::float32, {size[0], size[2]}, Role::input, Layout::broadcast_first);
        Operand out(DType::float32, {size[0], size[2]}, Role::updated);
        a.fill(small_numbers(DType::float32, 1));
        b.fill(small_numbers(DType::float32, 2));
        bias.fill(small_numbers(DType::float32, 3));
        out.fill(small_numbers(DType::float32, 4));
        for (const double beta : {0.0, 1.0}) {
          Operand updated(DType::float32, out.shape(), Role::updated);
          for (std::int64_t i = 0; i < out.size(); ++i) updated.put(i, out.at(i));
          grade_matmul(grader, "wide", a, b, &bias, updated, {TENON_NO_ACTIVATION, 1, beta},
                       Strictness::exact);
        }
      }
    }
  }
  host::set_num_threads(2);
}

/// Batches, each operand in turn broadcast along each batch axis, and batch axes outside of any nesting
/// order.
void batches(Grader& grader) {
  Shape deep(30, 1);
  deep[3] = 2;
  deep[28] = 3;
  const Shape batch_shapes[] = {{1}, {3}, {0}, {2, 3}, {3, 1}, {2, 1, 2, 3}, {2, 1, 2, 1, 2, 2}, deep};
  int turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const Shape& batch : batch_shapes) {
      for (std::size_t broadcast = 0; broadcast <= 2 * batch.size(); ++broadcast) {
        if (batch.size() > 6 && broadcast % 5 != 0) continue;
        Shape a_shape = joined(batch, 4, 5);
        Shape b_shape = joined(batch, 5, 3);
        std::vector<std::int64_t> a_strides = contiguous_strides(a_shape);
        std::vector<std::int64_t> b_strides = contiguous_strides(b_shape);
        if (broadcast < batch.size()) a_strides[broadcast] = 0;
        if (broadcast >= batch.size() && broadcast < 2 * batch.size())
          b_strides[broadcast - batch.size()] = 0;
        if (broadcast == 2 * batch.size()) std::fill_n(b_strides.begin(), batch.size(), 0);
        Operand a(dtype, a_shape, a_strides, Role::input, turn % 3);
        Operand b(dtype, b_shape, b_strides, Role::input, turn % 2);
        Operand out(dtype, joined(batch, 4, 3), Role::output,
                    kOutputLayouts[broadcast % kOutputLayouts.size()], 1);
        a.fill(ordinary_values(dtype, 101, 5));
        b.fill(ordinary_values(dtype, 103, 6));
        grade_matmul(grader, "batches", a, b, nullptr, out);
        ++turn;
      }
      for (const Layout layout : {Layout::transposed, Layout::permuted, Layout::sliced, Layout::sliding}) {
        Operand a(dtype, joined(batch, 4, 5), Role::input, layout, 1);
        Operand b(dtype, joined(batch, 5, 3), Role::input, layout, 2);
        Operand out(dtype, joined(batch, 4, 3), Role::output, Layout::transposed, 1);
        a.fill(ordinary_values(dtype, 101, 7));
        b.fill(ordinary_values(dtype, 103, 8));
        grade_matmul(grader, "batches", a, b, nullptr, out);
      }
    }
  }
}

/// alpha, beta (in place) and a bias in every layout, k = 0 included; beta = 0 over NaN.
void epilogues(Grader& grader) {
  const double factors[][2] = {{1, 0}, {1, 1}, {2, -1}, {-1, 0},    {3, 2},
                               {0, 1}, {0, 0}, {-2, 3}, {0.5, -1.5}};
  int turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const auto& [alpha, beta] : factors) {
      if (!is_floating(dtype) && alpha != std::floor(alpha)) continue;
      for (const std::int64_t k : {0, 1, 6, 33}) {
        for (std::size_t i = 0; i <= kInputLayouts.size(); ++i) {
          const Shape batch = turn % 3 == 0 ? Shape{2} : Shape{};
          Operand a(dtype, joined(batch, 9, k), Role::input,
                    turn % 2 == 0 ? Layout::contiguous : Layout::padded);
          Operand b(dtype, joined(batch, k, 7), Role::input, Layout::transposed, 2);
          Operand out(dtype, joined(batch, 9, 7), beta == 0 ? Role::output : Role::updated,
                      kOutputLayouts[static_cast<std::size_t>(turn) % kOutputLayouts.size()], turn % 2);
          const bool has_bias = i < kInputLayouts.size();
          Operand bias(dtype, out.shape(), Role::input, has_bias ? kInputLayouts[i] : Layout::contiguous,
                       turn % 3);
          a.fill(ordinary_values(dtype, 101, 1));
          b.fill(ordinary_values(dtype, 103, 2));
          bias.fill(ordinary_values(dtype, 107, 3));
          if (beta != 0) out.fill(ordinary_values(dtype, 109, 4));
          grade_matmul(grader, "epilogues", a, b, has_bias ? &bias : nullptr, out,
                       {TENON_NO_ACTIVATION, alpha, beta});
          ++turn;
        }
      }
    }
  }
}

/// Every unary member that keeps the dtype; positive products where the function has half a domain only.
void activations(Grader& grader) {
  for (const UnaryRow& row : unary_rows()) {
    if (row.gives_boolean) continue;
    const bool half_domain = row.member == TENON_UNARY_LOG || row.member == TENON_UNARY_SQRT ||
                             row.member == TENON_UNARY_RSQRT || row.member == TENON_UNARY_LOG1P;
    for (const DType dtype : kContractionDTypes) {
      if (!contains(row.domain, dtype)) continue;
      for (const bool with_bias : {false, true}) {
        Operand a(dtype, {13, 11}, Role::input, Layout::contiguous);
        Operand b(dtype, {11, 17}, Role::input, Layout::transposed);
        Operand bias(dtype, {13, 17}, Role::input, Layout::broadcast_first);
        Operand out(dtype, {13, 17}, Role::output, with_bias ? Layout::padded : Layout::contiguous);
        std::vector<Real> left = ordinary_values(dtype, 101, 1);
        std::vector<Real> right = ordinary_values(dtype, 103, 2);
        std::vector<Real> shift = ordinary_values(dtype, 107, 3);
        for (std::vector<Real>* const each : {&left, &right, &shift}) {
          for (Real& x : *each) {
            if (half_domain) x = std::abs(x);
            if (is_floating(dtype)) x = round_to(dtype, x / 2);
          }
        }
        a.fill(left);
        b.fill(right);
        bias.fill(shift);
        grade_matmul(grader, std::string("with ") + row.name, a, b, with_bias ? &bias : nullptr, out,
                     {row.member, 1, 0});
      }
    }
  }
}

/// 0 * infinity is NaN at every place of the sum: nothing may skip zeros. Infinities and NaN come through.
void specials(Grader& grader) {
  const Shape sizes[] = {{1, 1}, {1, 5}, {5, 1}, {3, 4}, {33, 20}};
  for (const DType dtype : kFloatingDTypes) {
    for (std::int64_t k = 1; k <= 67; ++k) {
      for (const Shape& size : sizes) {
        const std::int64_t lane = (k * 29 + size[0]) % k;
        const auto kind = static_cast<std::size_t>(k + size[1]) % 3;
        const Layout layout = k % 2 == 0 ? Layout::contiguous : Layout::transposed;
        Operand a(dtype, {size[0], k}, Role::input, layout, 1);
        Operand b(dtype, {k, size[1]}, Role::input, Layout::contiguous, 1);
        Operand out(dtype, size, Role::output, Layout::contiguous, 1);
        a.fill(small_numbers(dtype, 3));
        b.fill(small_numbers(dtype, 4));
        // One row of a meets one row of b: zero and infinity, infinity and a number, NaN and zero.
        const Real marks[][2] = {{0.0L, kInfinity}, {-kInfinity, 2.0L}, {kNaN, 0.0L}};
        for (std::int64_t i = 0; i < size[0]; i += 2) a.put(i * k + lane, marks[kind][k % 4 < 2 ? 0 : 1]);
        for (std::int64_t j = 0; j < size[1]; j += 2) {
          b.put(lane * size[1] + j, marks[kind][k % 4 < 2 ? 1 : 0]);
        }
        grade_matmul(grader, "special values", a, b, nullptr, out);
      }
    }
    Operand a(dtype, {7, 5}, Role::input);
    Operand b(dtype, {5, 9}, Role::input);
    Operand bias(dtype, {7, 9}, Role::input);
    Operand out(dtype, {7, 9}, Role::updated);
    a.fill(small_numbers(dtype, 3));
    b.fill(small_numbers(dtype, 4));
    bias.fill({1, kNaN, 2, kInfinity, -0.0L, -kInfinity});
    out.fill({kNaN, kInfinity, 3, 4, -kInfinity});
    for (const double beta : {0.0, 1.0, -2.0}) {
      for (const std::uint32_t activation : {TENON_NO_ACTIVATION, std::uint32_t{TENON_UNARY_RELU}}) {
        Operand old(dtype, {7, 9}, Role::updated);
        for (std::int64_t i = 0; i < old.size(); ++i) old.put(i, out.at(i));
        grade_matmul(grader, "special epilogue", a, b, &bias, old, {activation, 1, beta});
      }
    }
  }
}

constexpr Section kSections[] = {
    {"matmul_shapes", shapes},     {"matmul_layouts", layouts},     {"matmul_tiles", tiles},
    {"matmul_batches", batches},   {"matmul_epilogues", epilogues}, {"matmul_activations", activations},
    {"matmul_specials", specials}, {"matmul_wide", wide},
};

}  // namespace

std::span<const Section> matmul_sections() { return kSections; }

}  // namespace tenon::conformance
