// UNARY, BINARY and TERNARY.
#include <algorithm>
#include <cmath>
#include <string>

#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

constexpr std::int64_t kLanes = 67;

/// A member of any of the three families, with its rule for one element.
struct Member {
  std::uint32_t op;
  std::uint32_t code;
  std::string name;
  DType in;
  DType out;
  std::size_t arity;
  Expected (*rule)(std::uint32_t code, DType dtype, const Real* x, std::uint32_t flags);

  /// Operand k's dtype: where() takes a condition first.
  [[nodiscard]] DType input(std::size_t k) const {
    return op == TENON_OP_TERNARY && code == TENON_TERNARY_WHERE && k == 0 ? DType::boolean : in;
  }
};

std::vector<Member> unary_members() {
  std::vector<Member> members;
  for (const UnaryRow& row : unary_rows()) {
    for (const DType dtype : kDTypes) {
      if (!contains(row.domain, dtype)) continue;
      members.push_back({TENON_OP_UNARY, row.member, std::string("unary ") + row.name, dtype,
                         row.gives_boolean ? DType::boolean : dtype, 1,
                         [](std::uint32_t code, DType type, const Real* x, std::uint32_t flags) {
                           return unary(code, type, x[0], flags);
                         }});
    }
  }
  return members;
}

std::vector<Member> binary_members() {
  std::vector<Member> members;
  for (const BinaryRow& row : binary_rows()) {
    for (const DType dtype : kDTypes) {
      if (!contains(row.domain, dtype)) continue;
      members.push_back({TENON_OP_BINARY, row.member, std::string("binary ") + row.name, dtype,
                         row.gives_boolean ? DType::boolean : dtype, 2,
                         [](std::uint32_t code, DType type, const Real* x, std::uint32_t flags) {
                           return binary(code, type, x[0], x[1], flags);
                         }});
    }
  }
  return members;
}

std::vector<Member> ternary_members() {
  std::vector<Member> members;
  for (const DType dtype : kDTypes) {
    members.push_back({TENON_OP_TERNARY, TENON_TERNARY_WHERE, "ternary where", dtype, dtype, 3,
                       [](std::uint32_t, DType, const Real* x, std::uint32_t) {
                         return Expected{x[0] != 0 ? x[1] : x[2]};
                       }});
    members.push_back({TENON_OP_TERNARY, TENON_TERNARY_CLAMP, "ternary clamp", dtype, dtype, 3,
                       [](std::uint32_t, DType type, const Real* x, std::uint32_t) {
                         return clamp(type, x[0], x[1], x[2]);
                       }});
    if (dtype == DType::boolean) continue;
    members.push_back({TENON_OP_TERNARY, TENON_TERNARY_MULTIPLY_ADD, "ternary multiply_add", dtype, dtype, 3,
                       [](std::uint32_t, DType type, const Real* x, std::uint32_t) {
                         return multiply_add(type, x[0], x[1], x[2]);
                       }});
  }
  return members;
}

void grade_member(Grader& grader, const Member& member, const std::vector<Operand*>& inputs,
                  Operand& output) {
  std::vector<Expected> expected(static_cast<std::size_t>(output.size()));
  for (std::int64_t i = 0; i < output.size(); ++i) {
    Real x[3] = {};
    for (std::size_t k = 0; k < inputs.size(); ++k) x[k] = inputs[k]->at(i);
    expected[static_cast<std::size_t>(i)] =
        member.rule(member.code, member.in, x, grader.plugin().properties().flags);
  }
  const tenon_member_attributes attributes = {sizeof(attributes), member.code};
  grader.grade({member.op, member.name, inputs, &output, &attributes}, expected);
}

/// Makes operands of the given values and grades one call.
void grade_values(Grader& grader, const Member& member, const std::vector<std::vector<Real>>& values,
                  std::int64_t n, int lead) {
  std::vector<Operand> operands;
  operands.reserve(3);
  std::vector<Operand*> inputs;
  for (std::size_t k = 0; k < member.arity; ++k) {
    operands.emplace_back(member.input(k), Shape{n}, Role::input, Layout::contiguous,
                          lead + static_cast<int>(k));
    operands.back().fill(values[k]);
    inputs.push_back(&operands.back());
  }
  Operand output(member.out, {n}, Role::output, Layout::contiguous, lead);
  grade_member(grader, member, inputs, output);
}

std::vector<Real> specials_for(const Grader& grader, DType dtype) {
  std::vector<Real> values = special_values(dtype);
  if (is_floating(dtype) && grader.plugin().declares(TENON_FLAG_FLUSHES_DENORMALS)) {
    std::erase_if(values, [dtype](Real x) { return x != 0 && std::abs(x) < smallest_normal(dtype); });
  }
  return values;
}

/// Every special value in every lane, among its like and among ordinary values, for n = 1..67.
void lanes(Grader& grader, const std::vector<Member>& members) {
  for (const Member& member : members) {
    std::vector<std::vector<Real>> special(member.arity);
    std::vector<std::vector<Real>> plain(member.arity);
    for (std::size_t k = 0; k < member.arity; ++k) {
      special[k] = specials_for(grader, member.input(k));
      plain[k] = ordinary_values(member.input(k), 31, k + 1);
    }
    const std::size_t kinds = special.back().size();
    for (std::int64_t n = 1; n <= kLanes; ++n) {
      for (std::size_t shift = 0; shift < kinds; ++shift) {
        std::vector<std::vector<Real>> values(member.arity);
        for (std::size_t k = 0; k < member.arity; ++k) {
          for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
            // Operand k moves on every n values, so that pairs of specials meet.
            const std::size_t at = i + shift * (k + 1) + k * static_cast<std::size_t>(n);
            const bool mixed = (shift + static_cast<std::size_t>(n)) % 2 == 0 && (i + shift) % 4 != 0;
            values[k].push_back(mixed ? plain[k][at % plain[k].size()] : special[k][at % special[k].size()]);
          }
        }
        grade_values(grader, member, values, n, static_cast<int>(n % 5));
      }
    }
  }
}

/// Every combination of special values at once.
void special_products(Grader& grader, const std::vector<Member>& members) {
  for (const Member& member : members) {
    std::vector<std::vector<Real>> values(member.arity);
    std::size_t count = 1;
    for (std::size_t k = 0; k < member.arity; ++k) count *= specials_for(grader, member.input(k)).size();
    std::size_t block = 1;
    for (std::size_t k = 0; k < member.arity; ++k) {
      const std::vector<Real> kinds = specials_for(grader, member.input(k));
      for (std::size_t i = 0; i < count; ++i) values[k].push_back(kinds[i / block % kinds.size()]);
      block *= kinds.size();
    }
    grade_values(grader, member, values, static_cast<std::int64_t>(count), 3);
  }
}

/// Shapes by layouts: every input layout with every shape, output layouts taking turns.
void layouts(Grader& grader, const std::vector<Member>& members) {
  std::size_t turn = 0;
  for (const Member& member : members) {
    for (const Shape& shape : sweep_shapes()) {
      for (const Layout layout : kInputLayouts) {
        std::vector<Operand> operands;
        operands.reserve(3);
        std::vector<Operand*> inputs;
        for (std::size_t k = 0; k < member.arity; ++k) {
          const Layout own = k == 0 ? layout : kInputLayouts[(turn + 3 * k) % kInputLayouts.size()];
          operands.emplace_back(member.input(k), shape, Role::input, own, static_cast<int>((turn + k) % 4));
          operands.back().fill(ordinary_values(member.input(k), 61, turn + k));
          inputs.push_back(&operands.back());
        }
        Operand output(member.out, shape, Role::output, kOutputLayouts[turn % kOutputLayouts.size()],
                       static_cast<int>(turn % 3));
        grade_member(grader, member, inputs, output);
        ++turn;
      }
    }
  }
}

/// Output and one input (each in turn) are the same view.
void in_place(Grader& grader, const std::vector<Member>& members) {
  for (const Member& member : members) {
    for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced}) {
      for (std::size_t same = 0; same <= member.arity; ++same) {
        const bool everywhere = same == member.arity;  // all inputs are the output
        std::vector<Operand> operands;
        operands.reserve(4);
        Operand output(member.out, {9, 37}, Role::updated, layout, 1);
        output.fill(ordinary_values(member.out, 101, 7));
        std::vector<Operand*> inputs;
        bool possible = true;
        for (std::size_t k = 0; k < member.arity; ++k) {
          if (everywhere || k == same) {
            possible = possible && member.input(k) == member.out;
            inputs.push_back(&output);
          } else {
            operands.emplace_back(member.input(k), Shape{9, 37}, Role::input, Layout::padded, 2);
            operands.back().fill(ordinary_values(member.input(k), 59, k));
            inputs.push_back(&operands.back());
          }
        }
        if (possible) grade_member(grader, member, inputs, output);
      }
    }
  }
}

/// Accuracy over all exponents and over the range where functions bend; all of bfloat16.
void dense(Grader& grader, const std::vector<Member>& members) {
  for (const Member& member : members) {
    if (!is_floating(member.in)) continue;
    const std::int64_t half = member.in == DType::float64 ? 1 << 13 : 1 << 14;
    std::vector<std::vector<Real>> values(member.arity);
    for (std::size_t k = 0; k < member.arity; ++k) {
      std::vector<Real>& own = values[k];
      own = random_bit_values(member.input(k), half, 11 + k);
      if (member.in == DType::bfloat16 && member.arity == 1) {
        for (std::uint32_t bits = 0; bits < 65536; ++bits) {
          Operand each(DType::bfloat16, {1}, Role::input);
          each.put_bits(0, bits);
          own.push_back(each.at(0));
        }
      }
      Random random(5 + k);
      for (std::int64_t i = 0; i < half; ++i) {
        const Real reach = i % 3 == 0 ? 1 : i % 3 == 1 ? 12 : 110;
        const Real value = random.between(-reach, reach);
        own.push_back(member.input(k) == DType::boolean ? static_cast<Real>(value > 0)
                                                        : round_to(member.in, value));
      }
      if (grader.plugin().declares(TENON_FLAG_FLUSHES_DENORMALS)) {
        for (Real& x : own) {
          if (std::abs(x) < smallest_normal(member.in)) x = 1;
        }
      }
    }
    grade_values(grader, member, values, static_cast<std::int64_t>(values[0].size()), 1);
  }
}

constexpr Section kSections[] = {
    {"unary_lanes", [](Grader& grader) { lanes(grader, unary_members()); }},
    {"unary_layouts", [](Grader& grader) { layouts(grader, unary_members()); }},
    {"unary_in_place", [](Grader& grader) { in_place(grader, unary_members()); }},
    {"unary_dense", [](Grader& grader) { dense(grader, unary_members()); }},
    {"binary_lanes", [](Grader& grader) { lanes(grader, binary_members()); }},
    {"binary_special_pairs", [](Grader& grader) { special_products(grader, binary_members()); }, true},
    {"binary_layouts", [](Grader& grader) { layouts(grader, binary_members()); }},
    {"binary_in_place", [](Grader& grader) { in_place(grader, binary_members()); }},
    {"binary_dense", [](Grader& grader) { dense(grader, binary_members()); }},
    {"ternary_lanes", [](Grader& grader) { lanes(grader, ternary_members()); }},
    {"ternary_special_triples", [](Grader& grader) { special_products(grader, ternary_members()); }},
    {"ternary_layouts", [](Grader& grader) { layouts(grader, ternary_members()); }},
    {"ternary_in_place", [](Grader& grader) { in_place(grader, ternary_members()); }},
    {"ternary_dense", [](Grader& grader) { dense(grader, ternary_members()); }},
};

}  // namespace

std::span<const Section> elementwise_sections() { return kSections; }

}  // namespace tenon::conformance
