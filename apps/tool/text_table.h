#pragma once

#include <string>
#include <vector>

namespace tenon::tool {

/// Rows of cells as left-aligned columns, two spaces apart; the first row is the heading.
std::string text_table(const std::vector<std::vector<std::string>>& rows, bool colour);

}  // namespace tenon::tool
