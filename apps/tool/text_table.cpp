#include "text_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::tool {

std::string text_table(const std::vector<std::vector<std::string>>& rows, bool colour) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) line += fmt::format("{:<{}}  ", row[c], widths[c]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += colour && &row == &rows.front() ? fmt::format("\x1b[1m{}\x1b[0m\n", line) : line + "\n";
  }
  return text;
}

}  // namespace tenon::tool
