// EINSUM: equations by name, extents, layouts, special values.
#include <string>

#include "einsum_reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

/// One equation and the extents of its letters in the order in which they appear.
struct Row {
  const char* text;
  std::vector<std::int64_t> extents;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      // A product of matrices and all of its transpositions.
      {"ij,jk->ik", {5, 6, 7}},
      {"ij,jk->ki", {5, 6, 7}},
      {"ij,kj->ik", {5, 6, 7}},
      {"ij,kj->ki", {5, 6, 7}},
      {"ji,jk->ik", {6, 5, 7}},
      {"ji,jk->ki", {6, 5, 7}},
      {"ji,kj->ik", {6, 5, 7}},
      {"ji,kj->ki", {6, 5, 7}},
      {"ij,j->i", {9, 11}},
      {"ji,j->i", {11, 9}},
      {"i,ij->j", {11, 9}},
      {"i,ji->j", {11, 9}},
      // Batches, first, in the middle and last; attention; a linear layer.
      {"bij,bjk->bik", {3, 4, 5, 6}},
      {"ibj,jbk->bik", {4, 3, 5, 6}},
      {"ijb,jkb->ikb", {4, 5, 3, 6}},
      {"bij,bkj->kib", {3, 4, 5, 6}},
      {"bhid,bhjd->bhij", {2, 3, 5, 7, 4}},
      {"bhij,bhjd->bhid", {2, 3, 5, 4, 7}},
      {"bihd,bjhd->bhij", {2, 5, 3, 7, 4}},
      {"bij,j->bi", {2, 3, 17}},
      {"bsi,oi->bso", {2, 3, 7, 5}},
      {"abc,cd->dab", {2, 3, 4, 5}},
      // Several summed modes; several free ones, interleaved.
      {"abcd,cd->ab", {2, 3, 4, 5}},
      {"abcd,dc->ba", {2, 3, 4, 5}},
      {"ijk,jil->kl", {4, 5, 6, 7}},
      {"iak,kjb->ijab", {3, 4, 5, 2, 6}},
      {"aibk,kjci->jcab", {2, 3, 4, 5, 3, 2}},
      {"abcde,ecfa->fbd", {2, 3, 4, 2, 3, 5}},
      // No summed mode, no free mode, neither.
      {"i,j->ij", {7, 9}},
      {"i,j->ji", {7, 9}},
      {"ij,kl->ikjl", {2, 3, 4, 5}},
      {"ij,kl->ljki", {2, 3, 4, 5}},
      {"ij,ij->ij", {5, 7}},
      {"ij,ji->ij", {5, 7}},
      {"ij,i->ij", {5, 7}},
      {"ij,j->ji", {5, 7}},
      {"bi,bj->bij", {3, 4, 5}},
      {"i,i->", {19}},
      {"ij,ij->", {5, 7}},
      {"ij,ji->", {5, 7}},
      {"bi,bi->b", {5, 13}},
      {"ib,ib->b", {13, 5}},
      {"ib,bi->b", {13, 5}},
      {",->", {1}},
      {",i->i", {9}},
      {"i,->i", {9}},
      // One mode on several axes.
      {"ii,i->i", {7}},
      {"ii,ii->", {7}},
      {"ii,ii->i", {7}},
      {"ii,jj->ij", {5, 6}},
      {"iji,jk->ik", {4, 5, 6}},
      {"iij,jk->ik", {4, 5, 6}},
      {"ij,jjk->ik", {4, 5, 6}},
      {"bii,bij->bj", {3, 4, 5}},
      {"iijj,ij->ij", {3, 4}},
      // One input.
      {"->", {1}},
      {"i->i", {13}},
      {"i->", {19}},
      {"ij->ji", {7, 9}},
      {"ij->ij", {7, 9}},
      {"ij->i", {7, 9}},
      {"ij->j", {7, 9}},
      {"ij->", {7, 9}},
      {"ijk->ik", {4, 5, 6}},
      {"ijk->ki", {4, 5, 6}},
      {"abcd->dbca", {2, 3, 4, 5}},
      {"abcd->ca", {2, 3, 4, 5}},
      {"ii->i", {9}},
      {"ii->", {9}},
      {"iji->j", {5, 6}},
      {"iji->ji", {5, 6}},
      {"iij->ij", {5, 6}},
      {"iii->i", {5}},
      {"iijj->ji", {3, 4}},
      {"iijj->", {3, 4}},
  };
  return table;
}

Placement placement(std::size_t turn) {
  return {kInputLayouts[turn % kInputLayouts.size()], kInputLayouts[turn * 3 / 2 % kInputLayouts.size()],
          kOutputLayouts[turn % kOutputLayouts.size()], static_cast<int>(turn % 4)};
}

/// The same equation with its modes numbered from the last one down: only which of them are equal may count.
Equation renumbered(const Equation& from) {
  const auto number = [](std::uint8_t mode) { return static_cast<std::uint8_t>(TENON_MAX_MODES - 1 - mode); };
  Equation to = from;
  for (Modes& input : to.inputs) {
    for (std::uint8_t& mode : input) mode = number(mode);
  }
  for (std::uint8_t& mode : to.out) mode = number(mode);
  for (const std::uint8_t mode : from.modes()) to.extents[number(mode)] = from.extents[mode];
  return to;
}

/// Every equation in several layouts: full significands against the bound, whole numbers bit for bit.
void equations(Grader& grader) {
  std::size_t turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const Row& row : rows()) {
      const Equation plain = equation(row.text, row.extents);
      for (int i = 0; i < 4; ++i) {
        const Equation numbered = i == 3 ? renumbered(plain) : plain;
        EinsumOperands x(dtype, numbered, i == 0 ? Placement{} : placement(turn));
        x.fill_ordinary(turn);
        grade_einsum(grader, "equations", numbered, x);
        x.fill_whole(7, turn);
        grade_einsum(grader, "equations in whole numbers", numbered, x, whole_number_strictness(dtype));
        ++turn;
      }
    }
  }
}

/// Each mode of each equation in turn empty (a sum of nothing is zero, an output of nothing stays untouched),
/// of one element, and longer than a vector.
void extents(Grader& grader) {
  std::size_t turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const Row& row : rows()) {
      Equation changed = equation(row.text, row.extents);
      for (const std::uint8_t mode : changed.modes()) {
        const std::int64_t before = changed.extents[mode];
        for (const std::int64_t extent : {0, 1, 17}) {
          changed.extents[mode] = extent;
          EinsumOperands x(dtype, changed, placement(turn));
          x.fill_ordinary(turn++);
          grade_einsum(grader, "extents", changed, x);
        }
        changed.extents[mode] = before;
      }
    }
  }
}

/// Every layout of each operand with every layout of the others.
void layouts(Grader& grader) {
  const Row chosen[] = {{"ij,jk->ik", {5, 6, 7}},
                        {"bij,bkj->ikb", {3, 4, 5, 2}},
                        {"iak,kjb->ijab", {2, 3, 4, 3, 2}},
                        {"iji,jk->ik", {3, 4, 5}}};
  int turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const Layout a : kInputLayouts) {
      for (const Layout out : kOutputLayouts) {
        for (const Row& row : chosen) {
          const Equation each = equation(row.text, row.extents);
          for (const Layout b : kInputLayouts) {
            EinsumOperands x(dtype, each, {a, b, out, turn % 4});
            x.fill_ordinary(1);
            grade_einsum(grader, "layouts", each, x);
            ++turn;
          }
        }
        for (const char* const text : {"ijk->kij", "ijk->j", "iij->j"}) {
          const std::int64_t sizes[] = {4, 5, 6};
          const Equation each = equation(text, sizes);
          EinsumOperands x(dtype, each, {a, a, out, turn % 4});
          x.fill_ordinary(2);
          grade_einsum(grader, "layouts", each, x);
          ++turn;
        }
      }
    }
  }
}

/// Extents around the sizes of registers and tiles; whole numbers, bit for bit.
void tiles(Grader& grader) {
  const std::int64_t edges[] = {15, 16, 17, 31, 33, 63, 64, 65, 127, 129};
  std::size_t turn = 0;
  for (const DType dtype : kContractionDTypes) {
    for (const std::int64_t m : edges) {
      if (!is_floating(dtype) && m % 2 == 0) continue;  // half of them are enough
      const std::int64_t n = edges[(turn * 3 + 1) % std::size(edges)];
      const std::int64_t k = edges[(turn * 7 + 2) % std::size(edges)];
      const Row chosen[] = {{"ij,jk->ik", {m, k, n}},
                            {"ji,kj->ki", {k, m, n}},
                            {"bhid,bhjd->bhij", {1, 2, m, k / 2, n}},
                            {"iabj,bcj->cai", {m, 2, k / 8, 8, n}}};
      for (const Row& row : chosen) {
        const Equation each = equation(row.text, row.extents);
        EinsumOperands x(dtype, each, {Layout::contiguous, Layout::contiguous, kOutputLayouts[turn % 5], 1});
        x.fill_whole(7, turn++);
        grade_einsum(grader, "tiles", each, x, whole_number_strictness(dtype));
      }
    }
  }
}

/// Puts `mark` into every second element whose index of mode `k` is `lane`.
void mark_lane(Operand& operand, const Modes& modes, std::uint8_t k, std::int64_t lane, Real mark) {
  const std::size_t axis = axis_of(modes, k);
  bool marked = false;
  for (std::int64_t i = 0; i < operand.size(); ++i) {
    if (index_along(operand.shape(), axis, i) != lane) continue;
    marked = !marked;
    if (marked) operand.put(i, mark);
  }
}

/// 0 * infinity is NaN at every place of the sum: nothing may skip zeros. Infinities and NaN come through.
void specials(Grader& grader) {
  const char* const pairs[] = {"ik,kj->ij",   "ik,jk->ij", "ki,kj->ji", "bik,bkj->bij", "bik,bjk->bij",
                               "ki,kjl->lij", "ik,ik->i",  "ik,k->i",   "k,k->",        "k,kj->j"};
  const char* const singles[] = {"ik->i", "ki->i", "ikj->ji", "k->"};
  const Real marks[][2] = {{0.0L, kInfinity}, {-kInfinity, 2.0L}, {kNaN, 0.0L}};
  const std::uint8_t summed = 'k' - 'a';
  for (const DType dtype : kFloatingDTypes) {
    for (std::int64_t k = 1; k <= 67; ++k) {
      for (std::size_t row = 0; row < std::size(pairs) + std::size(singles); ++row) {
        const bool pair = row < std::size(pairs);
        const std::int64_t free[] = {3, 4, 2};
        Equation each = equation(pair ? pairs[row] : singles[row - std::size(pairs)], free);
        // Now and then long enough for blocks.
        if (k % 16 == 1) each.extents['i' - 'a'] *= 11;
        each.extents[summed] = k;
        EinsumOperands x(dtype, each, placement(static_cast<std::size_t>(k) % 4));
        x.fill_whole(7, row);
        const std::int64_t lane = (k * 29 + static_cast<std::int64_t>(row)) % k;
        const auto& [first, second] = marks[(static_cast<std::size_t>(k) + row) % 3];
        mark_lane(x.inputs[0], each.inputs[0], summed, lane, k % 4 < 2 ? first : second);
        if (pair) mark_lane(x.inputs[1], each.inputs[1], summed, lane, k % 4 < 2 ? second : first);
        if (!pair && k > 2) mark_lane(x.inputs[0], each.inputs[0], summed, lane / 2, kInfinity);
        grade_einsum(grader, "special values", each, x);
      }
    }
  }
}

/// Sets every element to NaN whose indices differ along two axes of one mode.
void spoil_off_diagonal(Operand& operand, const Modes& modes) {
  const Shape& shape = operand.shape();
  for (std::int64_t i = 0; i < operand.size(); ++i) {
    for (std::size_t axis = 1; axis < modes.size(); ++axis) {
      const std::size_t first = axis_of(modes, modes[axis]);
      if (index_along(shape, axis, i) != index_along(shape, first, i)) operand.put(i, kNaN);
    }
  }
}

/// NaN off the diagonals takes part in nothing.
void diagonals(Grader& grader) {
  for (const DType dtype : kFloatingDTypes) {
    for (const char* const text : {"ii->i", "ii->", "iji->ij", "iii->i", "ii,i->i", "ii,jj->ij", "iji,jk->ik",
                                   "i,ii->", "kj,iji->ki"}) {
      for (const std::int64_t extent : {2, 3, 8, 17}) {
        const std::int64_t sizes[] = {extent, extent + 1, 5};
        const Equation each = equation(text, sizes);
        for (const Layout layout : kOutputLayouts) {
          EinsumOperands x(dtype, each, {layout, layout, Layout::contiguous, 1});
          x.fill_ordinary(3);
          for (std::size_t k = 0; k < x.inputs.size(); ++k) spoil_off_diagonal(x.inputs[k], each.inputs[k]);
          grade_einsum(grader, "diagonals", each, x);
        }
      }
    }
  }
}

constexpr Section kSections[] = {
    {"einsum_equations", equations}, {"einsum_extents", extents},   {"einsum_layouts", layouts},
    {"einsum_tiles", tiles},         {"einsum_specials", specials}, {"einsum_diagonals", diagonals},
};

}  // namespace

std::span<const Section> einsum_sections() { return kSections; }

}  // namespace tenon::conformance
