// The sum of products of abi.h's EINSUM in extended precision, with its error bounds.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contraction_bound.h"
#include "grader.h"

namespace tenon::conformance {

/// The modes that each axis of an operand carries.
using Modes = std::vector<std::uint8_t>;

/// What an EINSUM says of its operands: the modes of each, and the extent of each mode.
struct Equation {
  std::vector<Modes> inputs;  ///< one or two
  Modes out;
  std::array<std::int64_t, TENON_MAX_MODES> extents{};

  [[nodiscard]] Shape shape(const Modes& modes) const;
  [[nodiscard]] tenon_einsum_attributes frame() const;
  /// "ij,jk->ik".
  [[nodiscard]] std::string text() const;
  /// The modes that appear, the output's first, then the others as they come.
  [[nodiscard]] Modes modes() const;
  /// K: how many terms each element of the output is a sum of.
  [[nodiscard]] std::int64_t terms() const;
};

/// The first of an operand's axes that carries `mode`.
std::size_t axis_of(const Modes& operand, std::uint8_t mode);
/// The index along one axis of the row-major element i.
std::int64_t index_along(const Shape& shape, std::size_t axis, std::int64_t i);

/// Reads "ij,jk->ik"; `extents` are those of the letters in the order in which they first appear, from the
/// left, over again if there are more letters. Throws std::invalid_argument on another character.
Equation equation(std::string_view text, std::span<const std::int64_t> extents);

/// Where the operands of one call lie.
struct Placement {
  Layout a = Layout::contiguous;
  Layout b = Layout::contiguous;
  Layout out = Layout::contiguous;
  int lead = 1;  ///< as for Operand
};

/// The operands of one call, of an equation's shapes.
struct EinsumOperands {
  EinsumOperands(DType dtype, const Equation& equation, const Placement& placement = {});

  /// Each input from values of its own; see values.h.
  void fill_ordinary(std::uint64_t seed);
  void fill_whole(std::int64_t limit, std::uint64_t seed);

  std::vector<Operand> inputs;
  Operand out;
};

/// What out must be.
std::vector<Expected> einsum(const Equation& equation, const EinsumOperands& operands, Strictness strictness,
                             std::uint32_t flags);

/// Grades one call.
void grade_einsum(Grader& grader, const std::string& name, const Equation& equation, EinsumOperands& operands,
                  Strictness strictness = Strictness::bound);

/// The largest magnitude of whole numbers for which every partial sum of `terms` products is exact: below
/// 2^24 (2^53). For integers, whose sums wrap, the widest that fits all dtypes.
std::int64_t exact_limit(DType dtype, std::int64_t terms);

/// Bit for bit where the dtype is floating; integers always are.
constexpr Strictness whole_number_strictness(DType dtype) {
  return is_floating(dtype) ? Strictness::exact : Strictness::bound;
}

}  // namespace tenon::conformance
