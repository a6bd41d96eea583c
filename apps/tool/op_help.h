#pragma once

#include <tenon/op_table.h>

#include <string>

namespace tenon::tool {

/// Every op of the table by family, with its inputs and formula.
std::string op_list();
/// What the result's dtype is and whether gradients flow.
std::string op_footer(const OpInfo& op);

}  // namespace tenon::tool
