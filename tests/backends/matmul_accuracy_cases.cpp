// MATMUL: is it as accurate as its arithmetic allows? No single check suffices, so there are several.
#include <algorithm>
#include <cmath>
#include <string>

#include "matmul_reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

struct Size {
  std::int64_t m, n, k;
};

/// Operands of one product in the layouts that nn layers use, turn by turn.
struct Operands {
  Operands(DType dtype, const Size& size, int turn)
      : a(dtype, {size.m, size.k}, Role::input, turn % 2 == 0 ? Layout::contiguous : Layout::transposed, 1),
        b(dtype, {size.k, size.n}, Role::input, turn / 2 % 2 == 0 ? Layout::contiguous : Layout::transposed,
          1),
        out(dtype, {size.m, size.n}, Role::output, Layout::contiguous, 1) {}
  Operand a;
  Operand b;
  Operand out;
};

/// Products of whole numbers whose partial sums all stay below 2^24 (2^53): any order of summation, fused or
/// not, gives the same bits, and a lost, doubled or rounded term shows at any k.
void whole_numbers(Grader& grader) {
  const Size sizes[] = {{5, 7, 300},   {16, 17, 1000}, {9, 33, 4096},
                        {1, 64, 4095}, {64, 1, 4097},  {129, 65, 257}};
  int turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const Size& size : sizes) {
      Operands x(dtype, size, turn++);
      const Real significand = dtype == DType::float64 ? 0x1p53L : 0x1p24L;
      auto limit = static_cast<std::int64_t>(std::sqrt((significand - 1) / static_cast<Real>(size.k)));
      if (dtype == DType::bfloat16 || dtype == DType::uint8) limit = std::min<std::int64_t>(limit, 63);
      if (!is_floating(dtype)) limit = dtype == DType::uint8 ? 255 : INT32_MAX;  // wraps
      x.a.fill(whole_values(dtype, x.a.size(), limit, 1));
      x.b.fill(whole_values(dtype, x.b.size(), limit, 2));
      grade_matmul(grader, "whole numbers", x.a, x.b, nullptr, x.out, {},
                   is_floating(dtype) ? Strictness::exact : Strictness::bound);
    }
  }
}

/// Full significands at small k, where gamma_n is sharp.
void full_significands(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kFloatingDTypes) {
    for (std::int64_t k = 1; k <= 9; ++k) {
      for (const Size& size : {Size{1, 1, k}, Size{7, 5, k}, Size{33, 17, k}, Size{64, 66, k}}) {
        Operands x(dtype, size, turn++);
        x.a.fill(ordinary_values(dtype, x.a.size(), 3));
        x.b.fill(ordinary_values(dtype, x.b.size(), 4));
        grade_matmul(grader, "full significands", x.a, x.b, nullptr, x.out, {}, Strictness::bound);
      }
    }
  }
}

/// k = 1 and a full significand times a power of two: exact, and wrong on a backend that cuts its inputs.
void wide_integers(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kFloatingDTypes) {
    for (const Size& size : {Size{1, 19, 1}, Size{19, 1, 1}, Size{35, 37, 1}}) {
      Operands x(dtype, size, turn++);
      const auto widest = static_cast<std::int64_t>(1 / unit_roundoff(dtype)) - 1;
      x.a.fill(whole_values(dtype, x.a.size(), widest, 5));
      std::vector<Real> powers;
      for (int i = 0; i < 11; ++i) powers.push_back(std::ldexp(i % 2 == 0 ? 1.0L : -1.0L, i - 5));
      x.b.fill(powers);
      grade_matmul(grader, "wide integers", x.a, x.b, nullptr, x.out, {}, Strictness::exact);
    }
  }
}

/// Rows of a, columns of b, or the inner index scaled by powers of two far apart: an error that is small
/// against the largest element only shows in the smallest.
void scaled(Grader& grader) {
  enum class Scaled : std::uint8_t { rows, columns, inner };
  int turn = 0;
  for (const DType dtype : kFloatingDTypes) {
    for (const Scaled which : {Scaled::rows, Scaled::columns, Scaled::inner}) {
      for (const Size& size : {Size{9, 11, 7}, Size{33, 20, 65}}) {
        Operands x(dtype, size, turn++);
        x.a.fill(ordinary_values(dtype, x.a.size(), 6));
        x.b.fill(ordinary_values(dtype, x.b.size(), 7));
        const auto scale = [](Operand& operand, std::int64_t i, std::int64_t power) {
          operand.put(i, std::ldexp(operand.at(i), static_cast<int>(power)));
        };
        for (std::int64_t i = 0; i < x.a.size(); ++i) {
          if (which == Scaled::rows) scale(x.a, i, i / size.k * 7 % 80 - 40);
          if (which == Scaled::inner) scale(x.a, i, i % size.k * 11 % 60 - 30);
        }
        for (std::int64_t i = 0; i < x.b.size(); ++i) {
          if (which == Scaled::columns) scale(x.b, i, i % size.n * 7 % 80 - 40);
          if (which == Scaled::inner) scale(x.b, i, 30 - i / size.n * 11 % 60);
        }
        grade_matmul(grader, "scaled", x.a, x.b, nullptr, x.out);
      }
    }
  }
}

/// Large products that cancel exactly but for a small whole number.
void cancellation(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kFloatingDTypes) {
    for (const Size& size : {Size{5, 6, 17}, Size{17, 33, 65}}) {
      Operands x(dtype, size, turn++);
      const std::int64_t left = dtype == DType::float64 ? 1 << 20 : dtype == DType::float32 ? 4095 : 255;
      const std::int64_t right = dtype == DType::float64 ? 1 << 20 : dtype == DType::float32 ? 61 : 255;
      const std::vector<Real> rows = whole_values(dtype, x.a.size(), left, 8);
      const std::vector<Real> columns = whole_values(dtype, x.b.size(), right, 9);
      x.a.fill(rows);
      x.b.fill(columns);
      // Terms p and p + k/2 cancel; the last one stands alone.
      const std::int64_t half = size.k / 2;
      for (std::int64_t i = 0; i < size.m; ++i) {
        for (std::int64_t p = 0; p < half; ++p) x.a.put(i * size.k + p + half, -x.a.at(i * size.k + p));
        x.a.put(i * size.k + size.k - 1, static_cast<Real>(i % 5 + 1));
      }
      for (std::int64_t p = 0; p < half; ++p) {
        for (std::int64_t j = 0; j < size.n; ++j) x.b.put((p + half) * size.n + j, x.b.at(p * size.n + j));
      }
      for (std::int64_t j = 0; j < size.n; ++j) {
        x.b.put((size.k - 1) * size.n + j, static_cast<Real>(j % 3 + 1));
      }
      grade_matmul(grader, "cancellation", x.a, x.b, nullptr, x.out, {}, Strictness::exact);
    }
  }
}

/// max |err| / (u R) <= 2 sqrt(k) + 4 on data without structure, signs mixed and all positive.
void quality(Grader& grader) {
  const Size sizes[] = {{17, 19, 16}, {33, 31, 64},  {20, 21, 257}, {16, 17, 1024},
                        {9, 8, 4096}, {1, 16, 4096}, {16, 1, 4095}, {65, 129, 127}};
  int turn = 0;
  for (const DType dtype : kFloatingDTypes) {
    for (const Size& size : sizes) {
      for (const bool positive : {false, true}) {
        Operands x(dtype, size, turn++);
        std::vector<Real> left = ordinary_values(dtype, x.a.size(), 10);
        std::vector<Real> right = ordinary_values(dtype, x.b.size(), 11);
        for (Real& value : left) value = positive ? std::abs(value) : value;
        for (Real& value : right) value = positive ? std::abs(value) : value;
        x.a.fill(left);
        x.b.fill(right);
        grade_matmul(grader, "quality", x.a, x.b, nullptr, x.out, {}, Strictness::quality);
      }
    }
  }
}

/// Products and sums in the denormal range: gradual, not flushed.
void denormals(Grader& grader) {
  if (grader.plugin().declares(TENON_FLAG_FLUSHES_DENORMALS)) {
    grader.verdict(1, {});
    return;
  }
  int turn = 0;
  for (const DType dtype : kFloatingDTypes) {
    for (const Size& size : {Size{1, 7, 1}, Size{5, 9, 8}, Size{33, 18, 65}}) {
      Operands x(dtype, size, turn++);
      // Whole multiples of the smallest denormal: exact.
      std::vector<Real> tiny = whole_values(dtype, x.a.size(), 7, 12);
      for (Real& value : tiny) value *= smallest_denormal(dtype);
      x.a.fill(tiny);
      x.b.fill(dtype == DType::bfloat16 && size.k > 1 ? std::vector<Real>{1}
                                                      : whole_values(dtype, 97, 7, 13));
      const bool fits = dtype != DType::bfloat16;
      grade_matmul(grader, "denormals", x.a, x.b, nullptr, x.out, {},
                   fits ? Strictness::exact : Strictness::bound);
    }
  }
}

constexpr Section kSections[] = {
    {"matmul_whole_numbers", whole_numbers}, {"matmul_full_significands", full_significands},
    {"matmul_wide_integers", wide_integers}, {"matmul_scaled", scaled},
    {"matmul_cancellation", cancellation},   {"matmul_quality", quality},
    {"matmul_denormals", denormals},
};

}  // namespace

std::span<const Section> matmul_accuracy_sections() { return kSections; }

}  // namespace tenon::conformance
