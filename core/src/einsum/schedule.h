// What an equation is computed by: sums over single operands, then contractions of pairs. Knows labels, not
// layouts.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "equation.h"

namespace tenon::contraction {

/// One call of Op::einsum. Operands of the equation are numbered from 0, and the results of steps go on from
/// there; each is used once.
struct Step {
  std::vector<std::size_t> inputs;  ///< one or two
  std::vector<Labels> input_labels;
  Labels output;  ///< for the last step, in the equation's order
  double flops = 0;
};

struct Schedule {
  /// What is left of each operand's labels: each once, and without those along which it has a single element.
  std::vector<Labels> operands;
  std::vector<Step> steps;
  Labels output;  ///< without labels of extent 1
};

/// Throws ShapeError if no order of contractions keeps within the memory limit.
Schedule schedule(const Equation& equation, std::optional<std::int64_t> memory_limit);

}  // namespace tenon::contraction
