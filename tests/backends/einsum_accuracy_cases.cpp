// EINSUM: is it as accurate as its arithmetic allows? As for MATMUL, several checks together.
#include <algorithm>
#include <cmath>
#include <string>

#include "einsum_reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

/// Equations with the extents of their letters in the order in which they appear; K runs from 64 to 4096.
struct Row {
  const char* text;
  std::int64_t extents[5];
};

constexpr Row kLongSums[] = {
    {"ij,jk->ik", {17, 300, 13}},
    {"ji,kj->ki", {1024, 9, 16}},
    {"bij,bjk->bik", {3, 7, 127, 9}},
    {"bhid,bhjd->bhij", {2, 3, 9, 64, 7}},
    {"bhij,bhjd->bhid", {2, 2, 5, 257, 8}},
    {"abcd,cd->ab", {5, 6, 31, 33}},
    {"adcb,cd->ab", {5, 31, 33, 6}},
    {"iak,kjb->ijab", {3, 4, 1000, 5, 2}},
    {"bi,bi->b", {9, 4096}},
    {"ib,ib->b", {4095, 9}},
    {"ij,ij->", {63, 65}},
    {"ij,ji->", {63, 65}},
    {"ij,j->i", {17, 4097}},
    {"ij,i->j", {1000, 19}},
    {"iij,jk->ik", {5, 1000, 7}},
    {"ii,i->", {255}},
    {"ij->i", {9, 4096}},
    {"ij->j", {4095, 9}},
    {"ijk->ik", {5, 1000, 7}},
    {"ij->", {63, 65}},
    {"ii->", {257}},
};

/// Products of whole numbers whose partial sums all stay below 2^24 (2^53): any order of summation, fused or
/// not, gives the same bits, and a lost, doubled or rounded term shows at any length.
void whole_numbers(Grader& grader) {
  for (const DType dtype : kContractionDTypes) {
    for (const Row& row : kLongSums) {
      const Equation each = equation(row.text, row.extents);
      EinsumOperands x(dtype, each);
      x.fill_whole(exact_limit(dtype, each.terms()), 1);
      grade_einsum(grader, "whole numbers", each, x, whole_number_strictness(dtype));
    }
  }
}

/// max |err| / (u R) <= 2 sqrt(K) + 4 on data without structure, signs mixed and all positive.
void quality(Grader& grader) {
  for (const DType dtype : kFloatingDTypes) {
    for (const Row& row : kLongSums) {
      const Equation each = equation(row.text, row.extents);
      for (const bool positive : {false, true}) {
        EinsumOperands x(dtype, each);
        x.fill_ordinary(2);
        for (Operand& input : x.inputs) {
          for (std::int64_t i = 0; positive && i < input.size(); ++i) input.put(i, std::abs(input.at(i)));
        }
        grade_einsum(grader, "quality", each, x, Strictness::quality);
      }
    }
  }
}

constexpr Row kPlainProducts[] = {
    {"i,j->ij", {33, 35}},     {"i,j->ji", {33, 35}},  {"ij,ij->ij", {17, 19}},
    {"ij,ji->ij", {17, 19}},   {"ij,j->ij", {17, 19}}, {"ij,kl->ikjl", {5, 7, 3, 9}},
    {"bi,bj->bij", {5, 7, 9}}, {"ii,i->i", {67}},      {"ij,jk->ik", {19, 1, 21}}};

/// A full significand times a power of two: exact, and wrong on a backend that cuts its inputs. One input:
/// nothing is multiplied, so every significand comes through.
void wide_integers(Grader& grader) {
  for (const DType dtype : kFloatingDTypes) {
    const auto widest = static_cast<std::int64_t>(1 / unit_roundoff(dtype)) - 1;
    for (const Row& row : kPlainProducts) {
      const Equation each = equation(row.text, row.extents);
      EinsumOperands x(dtype, each);
      x.fill_whole(widest, 5);
      std::vector<Real> powers;
      for (int i = 0; i < 11; ++i) powers.push_back(std::ldexp(i % 2 == 0 ? 1.0L : -1.0L, i - 5));
      x.inputs[1].fill(powers);
      grade_einsum(grader, "wide integers", each, x, Strictness::exact);
    }
    for (const Row& row :
         {Row{"ij->ji", {33, 35}}, Row{"abcd->cadb", {3, 4, 5, 6}}, Row{"iij->ji", {9, 11}}}) {
      const Equation each = equation(row.text, row.extents);
      EinsumOperands x(dtype, each);
      x.fill_whole(widest, 6);
      grade_einsum(grader, "wide integers", each, x, Strictness::exact);
    }
  }
}

/// Scales the elements by powers of two far apart that depend on the index of one mode; `sign` is that of the
/// exponents.
void scale(Operand& operand, std::size_t axis, int sign) {
  for (std::int64_t i = 0; i < operand.size(); ++i) {
    const auto index = static_cast<int>(index_along(operand.shape(), axis, i));
    operand.put(i, std::ldexp(operand.at(i), sign * (index * 11 % 60 - 30)));
  }
}

/// Free, batch and summed modes scaled: an error that is small against the largest element only shows in the
/// smallest.
void scaled(Grader& grader) {
  struct Scaled {
    Row row;
    char a, b;  // the scaled mode of each; 0 for none
  };
  const Scaled choices[] = {
      {{"ij,jk->ik", {33, 65, 20}}, 'i', 0},           {{"ij,jk->ik", {33, 65, 20}}, 0, 'k'},
      {{"ij,jk->ik", {9, 61, 11}}, 'j', 'j'},          {{"bji,kbj->bik", {5, 31, 9, 7}}, 'b', 'b'},
      {{"bji,kbj->bik", {5, 31, 9, 7}}, 'j', 'j'},     {{"bji,kbj->bik", {5, 31, 9, 7}}, 'i', 'k'},
      {{"aibk,kjci->jcab", {5, 6, 7, 8, 9}}, 'b', 'c'}};
  for (const DType dtype : kFloatingDTypes) {
    for (const Scaled& choice : choices) {
      const Equation each = equation(choice.row.text, choice.row.extents);
      EinsumOperands x(dtype, each);
      x.fill_ordinary(7);
      const auto axis = [&](std::size_t k, char letter) {
        return axis_of(each.inputs[k], static_cast<std::uint8_t>(letter - 'a'));
      };
      if (choice.a != 0) scale(x.inputs[0], axis(0, choice.a), 1);
      if (choice.b != 0) scale(x.inputs[1], axis(1, choice.b), -1);
      grade_einsum(grader, "scaled", each, x);
    }
  }
}

/// Large products that cancel exactly but for one: along a summed mode h of two elements both inputs repeat
/// themselves, a with the other sign, and one more at the start of the other summed mode.
void cancellation(Grader& grader) {
  struct Halves {
    Row row;
    char other;
  };
  constexpr Halves choices[] = {{{"hij,hjk->ik", {2, 9, 33, 7}}, 'j'},
                                {{"ijh,khj->ki", {9, 33, 2, 7}}, 'j'},
                                {{"hi,hi->", {2, 300}}, 'i'},
                                {{"hbi,hbi->b", {2, 9, 65}}, 'i'}};
  for (const DType dtype : kFloatingDTypes) {
    for (const auto& [row, other] : choices) {
      const Equation each = equation(row.text, row.extents);
      EinsumOperands x(dtype, each);
      x.fill_whole(exact_limit(dtype, each.terms()) - 1, 8);
      for (std::size_t k = 0; k < 2; ++k) {
        Operand& input = x.inputs[k];
        const std::size_t half = axis_of(each.inputs[k], 'h' - 'a');
        const std::size_t sum = axis_of(each.inputs[k], static_cast<std::uint8_t>(other - 'a'));
        const std::int64_t stride = contiguous_strides(input.shape())[half];
        for (std::int64_t i = 0; i < input.size(); ++i) {
          if (index_along(input.shape(), half, i) == 0) continue;
          const Real opposite = input.at(i - stride);
          const Real rest = index_along(input.shape(), sum, i) == 0 ? 1 : 0;
          input.put(i, k == 0 ? rest - opposite : opposite);
        }
      }
      grade_einsum(grader, "cancellation", each, x, Strictness::exact);
    }
  }
}

/// Products and sums in the denormal range: gradual, not flushed.
void denormals(Grader& grader) {
  if (grader.plugin().declares(TENON_FLAG_FLUSHES_DENORMALS)) {
    grader.verdict(1, {});
    return;
  }
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Row& row : {Row{"i,j->ij", {7, 9}}, Row{"ij,jk->ik", {5, 8, 9}}, Row{"bi,bi->b", {9, 65}},
                           Row{"ij->ji", {7, 9}}, Row{"ij->i", {9, 65}}}) {
      const Equation each = equation(row.text, row.extents);
      EinsumOperands x(dtype, each);
      x.fill_whole(7, 12);
      // Whole multiples of the smallest denormal: exact.
      for (std::int64_t i = 0; i < x.inputs[0].size(); ++i) {
        x.inputs[0].put(i, x.inputs[0].at(i) * smallest_denormal(dtype));
      }
      grade_einsum(grader, "denormals", each, x, Strictness::exact);
    }
  }
}

constexpr Section kSections[] = {
    {"einsum_whole_numbers", whole_numbers}, {"einsum_quality", quality},
    {"einsum_wide_integers", wide_integers}, {"einsum_scaled", scaled},
    {"einsum_cancellation", cancellation},   {"einsum_denormals", denormals},
};

}  // namespace

std::span<const Section> einsum_accuracy_sections() { return kSections; }

}  // namespace tenon::conformance
