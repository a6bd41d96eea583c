// Operands of a case, in a dtype and a layout.
#pragma once

#include "op_cases.h"

#include <functional>
#include <span>
#include <string_view>

namespace tenon::test {

enum class Layout { contiguous, transposed, sliced, expanded, empty };
inline constexpr Layout kLayouts[] = {Layout::contiguous, Layout::transposed, Layout::sliced,
                                      Layout::expanded, Layout::empty};
std::string_view name(Layout layout);

/// An operand as a view of contiguous memory: view(base).
struct LaidOut {
  Tensor base;
  std::function<Tensor(const Tensor&)> view;
  Operand::Kind kind = Operand::Kind::real;
};

/// Whether the case has a call in this layout.
bool has_layout(const OpCase& op_case, Layout layout);

/// The operands of `op_case`; the same values in each call. Those of integer dtypes are small integers. The
/// elements between those of a sliced operand are NaN, or 77.
std::vector<LaidOut> lay_out(const OpCase& op_case, DType dtype, Layout layout);

/// view(base) of each.
Tensors views(std::span<const LaidOut> operands);

/// The case's arguments, with the dtype of the result where only an argument says it.
std::map<std::string, std::string> arguments_for(const OpCase& op_case, DType dtype);

}  // namespace tenon::test
