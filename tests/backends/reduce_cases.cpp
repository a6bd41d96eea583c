// REDUCE over any axes.
#include <cmath>
#include <string>

#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

struct ReduceRow {
  std::uint32_t member;
  const char* name;
  Domain domain;
  bool needs_elements;  // the host never asks for it over nothing
};

constexpr ReduceRow kRows[] = {
    {TENON_REDUCE_SUM, "reduce sum", Domain::any, false},
    {TENON_REDUCE_MEAN, "reduce mean", Domain::floating, false},
    {TENON_REDUCE_PROD, "reduce prod", Domain::any, false},
    {TENON_REDUCE_MAX, "reduce max", Domain::any, true},
    {TENON_REDUCE_MIN, "reduce min", Domain::any, true},
    {TENON_REDUCE_ANY, "reduce any", Domain::any, false},
    {TENON_REDUCE_ALL, "reduce all", Domain::any, false},
    {TENON_REDUCE_ARGMAX, "reduce argmax", Domain::any, true},
    {TENON_REDUCE_ARGMIN, "reduce argmin", Domain::any, true},
};

DType result_dtype(std::uint32_t member, DType dtype) {
  switch (member) {
    case TENON_REDUCE_SUM:
    case TENON_REDUCE_PROD:
      return is_floating(dtype) ? dtype : DType::int64;
    case TENON_REDUCE_ANY:
    case TENON_REDUCE_ALL:
      return DType::boolean;
    case TENON_REDUCE_ARGMAX:
    case TENON_REDUCE_ARGMIN:
      return DType::int64;
    default:
      return dtype;
  }
}

/// The error of an accumulation in at least float32 with n roundings whose absolute terms sum up to `scale`,
/// rounded once more where the output is bfloat16.
Real accumulation_bound(DType dtype, Real n, Real scale, Real want) {
  const DType accumulator = dtype == DType::bfloat16 ? DType::float32 : dtype;
  const Real bound = gamma_bound(n, unit_roundoff(accumulator)) * scale;
  if (dtype != DType::bfloat16) return bound;
  return bound + unit_roundoff(dtype) * (std::abs(want) + bound) + smallest_denormal(dtype);
}

Expected sum(DType dtype, const std::vector<Real>& x, bool mean) {
  const auto n = static_cast<Real>(x.size());
  if (!is_floating(dtype)) {
    std::uint64_t wrapped = 0;
    for (const Real value : x) wrapped += to_bits(value);
    return {wrap(DType::int64, wrapped)};
  }
  ExactSum total;
  Real magnitudes = 0;
  for (const Real value : x) {
    total.add(value);
    magnitudes += std::abs(value);
  }
  if (x.empty()) return {mean ? kNaN : 0};
  const Real want = mean ? total.value() / n : total.value();
  const Real scale = mean ? magnitudes / n : magnitudes;
  const Real eta = mean ? smallest_denormal(dtype) : 0;
  return {want, Measure::distance, accumulation_bound(dtype, n, scale, want) + eta};
}

Expected product(DType dtype, const std::vector<Real>& x) {
  if (!is_floating(dtype)) {
    std::uint64_t wrapped = 1;
    for (const Real value : x) wrapped *= to_bits(value);
    return {wrap(DType::int64, wrapped)};
  }
  Real want = 1;
  for (const Real value : x) want *= value;
  return {want, Measure::distance,
          accumulation_bound(dtype, static_cast<Real>(x.size()), std::abs(want), want)};
}

/// The index of the first extremum, or of the first NaN.
Expected first_extremum(const std::vector<Real>& x, bool largest) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) return {static_cast<Real>(i)};
    if (largest ? x[i] > x[best] : x[i] < x[best]) best = i;
  }
  return {static_cast<Real>(best)};
}

Expected reduce(std::uint32_t member, DType dtype, const std::vector<Real>& x) {
  Real value = 0;
  switch (member) {
    case TENON_REDUCE_SUM:
    case TENON_REDUCE_MEAN:
      return sum(dtype, x, member == TENON_REDUCE_MEAN);
    case TENON_REDUCE_PROD:
      return product(dtype, x);
    case TENON_REDUCE_MAX:
    case TENON_REDUCE_MIN:
      value = x.front();
      for (const Real each : x) {
        value = member == TENON_REDUCE_MAX ? maximum(value, each) : minimum(value, each);
      }
      return {value};
    case TENON_REDUCE_ANY:
      for (const Real each : x) value = value != 0 || each != 0;
      return {value};
    case TENON_REDUCE_ALL:
      value = 1;
      for (const Real each : x) value = value != 0 && each != 0;
      return {value};
    default:
      return first_extremum(x, member == TENON_REDUCE_ARGMAX);
  }
}

void grade_reduce(Grader& grader, const ReduceRow& row, Operand& input, std::uint32_t axes, Layout layout,
                  int lead) {
  Shape reduced = input.shape();
  for (std::size_t axis = 0; axis < reduced.size(); ++axis) {
    if ((axes >> axis & 1) != 0) reduced[axis] = 1;
  }
  Operand output(result_dtype(row.member, input.dtype()), reduced, Role::output, layout, lead);
  std::vector<std::vector<Real>> groups(static_cast<std::size_t>(output.size()));
  const std::vector<std::int64_t> strides = contiguous_strides(reduced);
  for (std::int64_t i = 0; i < input.size(); ++i) {
    std::int64_t rest = i;
    std::int64_t group = 0;
    for (std::size_t axis = reduced.size(); axis-- > 0;) {
      const std::int64_t index = rest % input.shape()[axis];
      rest /= input.shape()[axis];
      if ((axes >> axis & 1) == 0) group += index * strides[axis];
    }
    groups[static_cast<std::size_t>(group)].push_back(input.at(i));
  }
  std::vector<Expected> expected;
  expected.reserve(groups.size());
  for (const std::vector<Real>& group : groups) {
    if (row.needs_elements && group.empty()) return;
    expected.push_back(reduce(row.member, input.dtype(), group));
  }
  const tenon_reduce_attributes attributes = {sizeof(attributes), row.member, axes};
  grader.grade({TENON_OP_REDUCE, row.name, {&input}, &output, &attributes}, expected);
}

template <typename F>
void each_member(F&& f) {
  for (const ReduceRow& row : kRows) {
    for (const DType dtype : kDTypes) {
      if (contains(row.domain, dtype)) f(row, dtype);
    }
  }
}

/// Values of which a product of some dozens neither overflows nor vanishes.
std::vector<Real> values_for(const ReduceRow& row, DType dtype, std::int64_t n, std::uint64_t seed) {
  std::vector<Real> values = ordinary_values(dtype, n, seed);
  if (row.member == TENON_REDUCE_PROD && is_floating(dtype)) {
    Random random(seed);
    for (Real& value : values) value = round_to(dtype, std::copysign(random.between(0.8L, 1.25L), value));
  }
  if ((row.member == TENON_REDUCE_ANY || row.member == TENON_REDUCE_ALL) && n > 1) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (row.member == TENON_REDUCE_ANY ? i % 5 != 0 : i % 11 == 3) values[i] = i % 2 == 0 ? 0.0L : -0.0L;
    }
  }
  return values;
}

/// All sets of axes up to rank 4, and some beyond, by layouts.
void axes(Grader& grader) {
  int turn = 0;
  each_member([&](const ReduceRow& row, DType dtype) {
    for (const Shape& shape : sweep_shapes()) {
      const std::uint32_t all = shape.empty() ? 0 : 0xFFFFFFFFu >> (32 - static_cast<unsigned>(shape.size()));
      std::vector<std::uint32_t> masks;
      if (shape.size() <= 4) {
        for (std::uint32_t mask = 0; mask <= all; ++mask) masks.push_back(mask);
      } else {
        masks = {0, all, 1, all & ~1u, all & 0x55555555u, all & 0xAAAAAAAAu, all & 0x0000FF0Cu};
      }
      for (const std::uint32_t mask : masks) {
        for (std::size_t i = 0; i < 4; ++i, ++turn) {
          const auto step = static_cast<std::size_t>(turn);
          Operand input(dtype, shape, Role::input, kInputLayouts[(step + 3 * i) % kInputLayouts.size()],
                        turn % 4);
          input.fill(values_for(row, dtype, 127, step));
          grade_reduce(grader, row, input, mask, kOutputLayouts[step % kOutputLayouts.size()], turn % 3);
        }
      }
    }
  });
}

/// A NaN, an infinity or a tie at every lane for n = 1..67, along rows and along columns.
void lanes(Grader& grader) {
  each_member([&](const ReduceRow& row, DType dtype) {
    const bool floating = is_floating(dtype);
    std::vector<Real> marks = {floating ? 9.0L : 1.0L, 0.0L};
    if (floating) marks.insert(marks.end(), {-9.0L, kNaN, kInfinity, -kInfinity});
    for (std::int64_t n = 1; n <= 67; ++n) {
      for (const Real mark : marks) {
        // Row r has the mark at lane r and once more, a tie, further on.
        const bool columns = n % 2 == 0;
        Operand input(dtype, Shape{n, n}, Role::input, columns ? Layout::transposed : Layout::contiguous,
                      static_cast<int>(n % 3));
        input.fill(values_for(row, dtype, 53, static_cast<std::uint64_t>(n)));
        for (std::int64_t r = 0; r < n; ++r) {
          input.put(r * n + r, mark);
          input.put(r * n + (r + n / 2) % n, mark);
        }
        grade_reduce(grader, row, input, 2u, Layout::contiguous, 1);
        grade_reduce(grader, row, input, 1u, Layout::contiguous, 1);
      }
    }
  });
}

/// Maximum and minimum of zeros of both signs, at every position.
void signed_zeros(Grader& grader) {
  for (const ReduceRow& row : kRows) {
    if (row.member != TENON_REDUCE_MAX && row.member != TENON_REDUCE_MIN) continue;
    for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
      for (std::int64_t n = 2; n <= 67; ++n) {
        for (std::int64_t odd = 0; odd < n; odd += 3) {
          const bool largest = row.member == TENON_REDUCE_MAX;
          Operand input(dtype, {n}, Role::input);
          input.fill({largest ? -0.0L : 0.0L});
          input.put(odd, largest ? 0.0L : -0.0L);
          grade_reduce(grader, row, input, 1u, Layout::contiguous, 1);
        }
      }
    }
  }
}

/// Sums of whole numbers are exact in any order while every partial sum is; a bfloat16 accumulator, or one
/// that loses terms, shows at any length.
void whole_numbers(Grader& grader) {
  for (const DType dtype : kDTypes) {
    for (const std::int64_t n : {255, 1000, 4097, 100003}) {
      const std::int64_t limit = dtype == DType::boolean ? 1 : 100;
      for (const Layout layout : {Layout::contiguous, Layout::sliced}) {
        Operand input(dtype, {n}, Role::input, layout, 1);
        const std::vector<Real> values = whole_values(dtype, n, limit, static_cast<std::uint64_t>(n));
        input.fill(values);
        ExactSum total;
        for (const Real value : values) total.add(value);
        const DType out = result_dtype(TENON_REDUCE_SUM, dtype);
        Operand output(out, {1}, Role::output);
        const tenon_reduce_attributes attributes = {sizeof(attributes), TENON_REDUCE_SUM, 1u};
        grader.grade({TENON_OP_REDUCE, "reduce sum of whole numbers", {&input}, &output, &attributes},
                     {{round_to(out, total.value())}});
      }
    }
  }
}

/// Sizes at which kernels split work among threads.
void large(Grader& grader) {
  each_member([&](const ReduceRow& row, DType dtype) {
    const Shape shapes[] = {{70001}, {3, 20011}, {20011, 3}, {161, 263}, {16, 31, 65}};
    for (const Shape& shape : shapes) {
      for (const std::uint32_t mask : {1u, 2u, 3u, 5u, 7u}) {
        if (mask >> shape.size() != 0) continue;
        if (row.member == TENON_REDUCE_PROD && is_floating(dtype)) continue;
        Operand input(dtype, shape, Role::input, Layout::contiguous, 1);
        input.fill(values_for(row, dtype, 4099, mask));
        grade_reduce(grader, row, input, mask, Layout::contiguous, 1);
      }
    }
  });
}

constexpr Section kSections[] = {
    {"reduce_axes", axes},
    {"reduce_lanes", lanes},
    {"reduce_signed_zeros", signed_zeros, true},
    {"reduce_whole_numbers", whole_numbers},
    {"reduce_large", large},
};

}  // namespace

std::span<const Section> reduce_sections() { return kSections; }

}  // namespace tenon::conformance
