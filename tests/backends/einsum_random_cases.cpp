// EINSUM: equations drawn at random, and operands of very many modes.
#include <algorithm>
#include <string>

#include "einsum_reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

constexpr std::size_t kRandomRank = 6;
constexpr std::int64_t kRandomWork = 6000;  // the products of all extents, and the inputs' sizes, stay below

std::size_t draw(Random& random, std::size_t low, std::size_t high) {
  return static_cast<std::size_t>(
      random.integer(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)));
}

template <typename Range>
auto& draw_from(Random& random, Range& range) {
  return range[draw(random, 0, std::size(range) - 1)];
}

/// Fisher and Yates.
void shuffle(Random& random, Modes& modes) {
  for (std::size_t i = modes.size(); i > 1; --i) std::swap(modes[i - 1], modes[draw(random, 0, i - 1)]);
}

/// How many modes an equation has of each kind.
struct Census {
  std::size_t batch;   // in a, b and out
  std::size_t m;       // in a and out
  std::size_t n;       // in b and out
  std::size_t summed;  // in a and b
};

/// Modes of random numbers in random order. One input has b's part left out.
Equation equation_of(Random& random, const Census& census, bool pair) {
  Modes numbers;
  for (int mode = 0; mode < TENON_MAX_MODES; ++mode) numbers.push_back(static_cast<std::uint8_t>(mode));
  shuffle(random, numbers);
  Equation drawn;
  drawn.inputs.resize(pair ? 2 : 1);
  const auto deal = [&](std::size_t count, bool in_a, bool in_b, bool in_out) {
    for (std::size_t i = 0; i < count; ++i) {
      if (in_a) drawn.inputs.front().push_back(numbers.back());
      if (in_b && pair) drawn.inputs.back().push_back(numbers.back());
      if (in_out) drawn.out.push_back(numbers.back());
      numbers.pop_back();
    }
  };
  deal(census.batch, true, true, true);
  deal(census.m, true, false, true);
  if (pair) deal(census.n, false, true, true);
  deal(census.summed, true, true, false);
  for (Modes& modes : drawn.inputs) shuffle(random, modes);
  shuffle(random, drawn.out);
  return drawn;
}

Equation random_equation(Random& random) {
  static constexpr std::int64_t kExtents[] = {1, 2, 2, 3, 3, 4, 5, 7, 11};
  const bool pair = random.bits() % 4 != 0;
  Census census{};
  do {
    census = {draw(random, 0, 2), draw(random, 0, 3), draw(random, 0, 3), draw(random, 0, 3)};
  } while (census.batch + census.m + std::max(census.n, census.summed) > kRandomRank ||
           census.batch + census.n + census.summed > kRandomRank);
  Equation drawn = equation_of(random, census, pair);

  const Modes modes = drawn.modes();
  std::int64_t work = 1;
  for (const std::uint8_t mode : modes) {
    drawn.extents[mode] = draw_from(random, kExtents);
    if (work * drawn.extents[mode] > kRandomWork) drawn.extents[mode] = 1;
    work *= drawn.extents[mode];
  }
  if (!modes.empty() && random.bits() % 32 == 0) drawn.extents[draw_from(random, modes)] = 0;

  for (Modes& input : drawn.inputs) {
    while (!input.empty() && input.size() < kRandomRank && random.bits() % 4 == 0) {
      const std::uint8_t again = draw_from(random, input);
      if (element_count(drawn.shape(input)) * drawn.extents[again] > kRandomWork) break;
      input.push_back(again);
      shuffle(random, input);
    }
  }
  return drawn;
}

void random_calls(Grader& grader) {
  for (const DType dtype : kContractionDTypes) {
    Random random(2024 + static_cast<std::uint64_t>(dtype));
    const int calls = dtype == DType::float32 || dtype == DType::float64 ? 800 : 300;
    for (int call = 0; call < calls; ++call) {
      const Equation each = random_equation(random);
      const Placement place = {draw_from(random, kInputLayouts), draw_from(random, kInputLayouts),
                               draw_from(random, kOutputLayouts), static_cast<int>(random.integer(0, 3))};
      EinsumOperands x(dtype, each, place);
      const bool whole = random.bits() % 2 == 0;
      if (whole) {
        x.fill_whole(7, random.bits());
      } else {
        x.fill_ordinary(random.bits());
      }
      grade_einsum(grader, "random call " + std::to_string(call), each, x,
                   whole ? whole_number_strictness(dtype) : Strictness::bound);
    }
  }
}

/// Twelve to twenty modes of two elements in random order: nothing is left of rows to run along.
void many_modes(Grader& grader) {
  const Census counts[] = {{1, 4, 4, 3}, {2, 5, 4, 4},  {3, 4, 5, 5}, {0, 9, 9, 0},
                           {9, 1, 1, 3}, {1, 1, 1, 12}, {2, 6, 6, 6}};
  Random random(7);
  for (const DType dtype : kContractionDTypes) {
    for (const Census& census : counts) {
      if (&census == std::end(counts) - 1 && dtype != DType::float32) continue;  // 2^20 products
      for (const bool pair : {true, false}) {
        Equation each = equation_of(random, census, pair);
        each.extents.fill(2);
        const Layout layout = draw_from(random, kOutputLayouts);
        EinsumOperands x(dtype, each, {layout, Layout::permuted, draw_from(random, kOutputLayouts), 1});
        x.fill_whole(7, random.bits());
        grade_einsum(grader, "many modes", each, x, whole_number_strictness(dtype));
      }
    }
  }
}

/// Operands of TENON_MAX_RANK axes, most of them of one element, with strides of any kind.
void highest_rank(Grader& grader) {
  const Census counts[] = {{0, 16, 16, 16}, {32, 0, 0, 0}, {8, 12, 12, 12}, {0, 0, 0, 32}, {0, 32, 0, 0}};
  const std::int64_t longer[] = {2, 3, 2, 5, 2, 3};
  Random random(8);
  for (const DType dtype : kContractionDTypes) {
    for (const Census& census : counts) {
      for (const bool pair : {true, false}) {
        for (const Layout layout : {Layout::contiguous, Layout::padded, Layout::transposed}) {
          Equation each = equation_of(random, census, pair);
          each.extents.fill(1);
          const Modes modes = each.modes();
          for (const std::int64_t extent : longer) each.extents[draw_from(random, modes)] = extent;
          EinsumOperands x(dtype, each, {layout, Layout::padded, layout, 1});
          x.fill_ordinary(random.bits());
          grade_einsum(grader, "highest rank", each, x);
        }
      }
    }
    // One mode along many axes.
    Equation diagonal;
    diagonal.inputs = {Modes(10, 5)};
    diagonal.out = {5};
    diagonal.extents[5] = 2;
    EinsumOperands x(dtype, diagonal);
    x.fill_ordinary(9);
    grade_einsum(grader, "a diagonal of ten axes", diagonal, x);
  }
}

constexpr Section kSections[] = {
    {"einsum_random_calls", random_calls},
    {"einsum_many_modes", many_modes},
    {"einsum_highest_rank", highest_rank},
};

}  // namespace

std::span<const Section> einsum_random_sections() { return kSections; }

}  // namespace tenon::conformance
