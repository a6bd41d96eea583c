// COPY: casts of every dtype pair, every pair of layouts.
#include <cmath>
#include <string>

#include "device_operands.h"
#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

void grade_copy(Grader& grader, Operand& input, Operand& output) {
  std::vector<Expected> expected;
  expected.reserve(static_cast<std::size_t>(output.size()));
  for (std::int64_t i = 0; i < output.size(); ++i) {
    expected.push_back({cast(output.dtype(), input.dtype(), input.at(i))});
  }
  grader.grade({TENON_OP_COPY, "copy", {&input}, &output}, expected);
}

/// Where casts go wrong: special values, the edges of every integer type from both sides, ties of rounding to
/// bfloat16 and float32, and values whose rounding in two steps differs from rounding in one.
std::vector<Real> cast_values(const Grader& grader, DType from) {
  std::vector<Real> values = special_values(from);
  if (!is_floating(from)) {
    if (from == DType::int64 || from == DType::int32) {
      for (const int bit : {7, 8, 24, 25, 30, 31, 32, 53, 54, 62}) {
        if (from == DType::int32 && bit > 30) continue;
        const Real power = std::ldexp(Real{1}, bit);
        for (const Real delta : {-1.0L, 0.0L, 1.0L}) {
          values.push_back(power + delta);
          values.push_back(-power + delta);
        }
      }
      // 2^24 + 1 and 3 are ties in float32; 2^54 + 2^30 + 1 is not, but becomes one by way of float64.
      if (from == DType::int64) values.push_back(18014399583223809.0L);
    }
    const std::vector<Real> more = random_bit_values(from, 200, 3);
    values.insert(values.end(), more.begin(), more.end());
    return values;
  }
  for (const int bit : {0, 1, 7, 8, 15, 16, 31, 32, 62, 63, 64, 100}) {
    const Real power = std::ldexp(Real{1}, bit);
    for (const Real delta : {-1.0L, -0.5L, 0.0L, 0.25L, 0.5L, 1.0L}) {
      for (const Real sign : {1.0L, -1.0L}) values.push_back(round_to(from, sign * (power + delta)));
    }
    values.push_back(round_to(from, std::nextafter(static_cast<double>(power), 0.0)));
    values.push_back(round_to(from, -std::nextafter(static_cast<double>(power), 1e300)));
  }
  for (const Real tie : {1 + 0x1p-8L, 1 + 3 * 0x1p-8L, 1 + 0x1p-24L, 1 + 3 * 0x1p-24L, 1 + 0x1p-8L + 0x1p-40L,
                         1 + 3 * 0x1p-8L - 0x1p-40L, 0x1.FFFFFFp127L, 0x1.FF8p127L}) {
    values.push_back(round_to(from, tie));
    values.push_back(round_to(from, -tie));
  }
  const std::vector<Real> more = random_bit_values(from, 2000, 3);
  values.insert(values.end(), more.begin(), more.end());
  if (grader.plugin().declares(TENON_FLAG_FLUSHES_DENORMALS)) {
    std::erase_if(values, [](Real x) { return std::abs(x) < smallest_normal(DType::float32); });
  }
  return values;
}

void casts(Grader& grader) {
  for (const DType from : kDTypes) {
    const std::vector<Real> values = cast_values(grader, from);
    for (const DType to : kDTypes) {
      for (const Layout layout : {Layout::contiguous, Layout::sliced}) {
        Operand input(from, {static_cast<std::int64_t>(values.size())}, Role::input, layout, 1);
        input.fill(values);
        Operand output(to, input.shape(), Role::output, layout, 3);
        grade_copy(grader, input, output);
      }
    }
  }
}

/// Every special value in every lane, n = 1..67, for each pair of dtypes.
void cast_lanes(Grader& grader) {
  for (const DType from : kDTypes) {
    const std::vector<Real>& kinds = special_values(from);
    for (const DType to : kDTypes) {
      for (std::int64_t n = 1; n <= 67; ++n) {
        for (std::size_t shift = 0; shift < kinds.size(); shift += 3) {
          Operand input(from, {n}, Role::input, Layout::contiguous, static_cast<int>(n % 3));
          for (std::int64_t i = 0; i < n; ++i) {
            input.put(i, kinds[(static_cast<std::size_t>(i) + shift) % kinds.size()]);
          }
          Operand output(to, {n}, Role::output, Layout::contiguous, static_cast<int>(n % 2));
          grade_copy(grader, input, output);
        }
      }
    }
  }
}

/// A copy without a cast moves bits, NaN payloads included.
void bits(Grader& grader) {
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
    for (const Layout layout : kOutputLayouts) {
      Operand input(dtype, {11, 19}, Role::input, layout, 1);
      Random random(17);
      for (std::int64_t i = 0; i < input.size(); ++i) {
        const std::uint64_t nan = dtype == DType::float64   ? 0x7FF8'0000'0000'0000u
                                  : dtype == DType::float32 ? 0x7FC0'0000u
                                                            : 0x7FC0u;
        input.put_bits(i, i % 2 == 0 ? nan | (random.bits() & 0x3F) : random.bits());
      }
      Operand output(dtype, input.shape(), Role::output, layout, 1);
      const DLTensor from = input.tensor();
      const DLTensor to = output.tensor();
      const tenon_call call = {sizeof(call), TENON_OP_COPY, 1, 1, &from, &to, nullptr, nullptr};
      if (run_call(grader.plugin(), call, {&input, &output}) == TENON_UNSUPPORTED) continue;
      std::string wrong;
      for (std::int64_t i = 0; i < input.size() && wrong.empty(); ++i) {
        if (input.bits(i) != output.bits(i)) wrong = "copy changed the bits at " + output.index_text(i);
      }
      grader.verdict(input.size(), wrong);
    }
  }
}

void layouts(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kDTypes) {
    for (const Shape& shape : sweep_shapes()) {
      for (const Layout from : kInputLayouts) {
        for (const Layout to : kOutputLayouts) {
          Operand input(dtype, shape, Role::input, from, turn % 4);
          input.fill(ordinary_values(dtype, 251, 1));
          Operand output(dtype, shape, Role::output, to, turn % 3);
          grade_copy(grader, input, output);
          ++turn;
        }
      }
    }
  }
}

/// Transposes and pieces of a size at which kernels block, and casts along the way.
void blocks(Grader& grader) {
  const Shape shapes[] = {{129, 67}, {64, 64}, {1, 257}, {257, 1}, {7, 33, 65}, {65, 3, 31}, {2, 17, 3, 35}};
  for (const DType from : kDTypes) {
    for (const DType to : {from, DType::float32, DType::bfloat16, DType::uint8}) {
      for (const Shape& shape : shapes) {
        for (const Layout layout : {Layout::transposed, Layout::permuted, Layout::sliced}) {
          Operand input(from, shape, Role::input, layout, 1);
          input.fill(ordinary_values(from, 251, 2));
          Operand output(to, shape, Role::output, Layout::contiguous, 1);
          grade_copy(grader, input, output);
          Operand back(to, shape, Role::output, layout, 1);
          Operand plain(from, shape, Role::input, Layout::contiguous, 2);
          plain.fill(ordinary_values(from, 241, 4));
          grade_copy(grader, plain, back);
        }
      }
    }
  }
}

constexpr Section kSections[] = {
    {"copy_casts", casts},     {"copy_cast_lanes", cast_lanes}, {"copy_bits", bits},
    {"copy_layouts", layouts}, {"copy_blocks", blocks},
};

}  // namespace

std::span<const Section> copy_sections() { return kSections; }

}  // namespace tenon::conformance
