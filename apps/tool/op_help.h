#pragma once

#include <tenon/op_table.h>

#include <string>
#include <vector>

namespace tenon::tool {

/// The names of an op's tensors; the last may be "tensors...".
std::vector<std::string> input_names(const OpInfo& op);
/// Every op of the table by family, with its inputs and formula.
std::string op_list();
/// What the result's dtype is and whether gradients flow.
std::string op_footer(const OpInfo& op);

}  // namespace tenon::tool
