#include "coverage.h"

#include <tenon/dtype.h>
#include <tenon/op_table.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "text_table.h"

namespace tenon::tool {
namespace {

constexpr std::array kDTypes = {DType::float32, DType::float64, DType::bfloat16, DType::int32,
                                DType::int64,   DType::uint8,   DType::boolean};

using Coverage = std::vector<DType>;

Coverage covered(const std::string& backend, Op op) {
  Coverage dtypes;
  std::ranges::copy_if(kDTypes, std::back_inserter(dtypes),
                       [&](DType dtype) { return backend_supports(backend, op, dtype); });
  return dtypes;
}

// Two plugins may carry one name; the core uses the better and answers for that.
std::vector<std::string> available_names(const std::vector<BackendInfo>& backends) {
  std::vector<std::string> names;
  for (const BackendInfo& backend : backends) {
    if (backend.available && std::ranges::find(names, backend.name) == names.end())
      names.push_back(backend.name);
  }
  return names;
}

std::vector<std::string_view> names_of(const Coverage& dtypes) {
  std::vector<std::string_view> names;
  for (const DType dtype : dtypes) names.push_back(name(dtype));
  return names;
}

std::string cell(const Coverage& native, const Coverage& known) {
  if (native.empty()) return "-";
  return native == known ? "native" : fmt::format("{}", fmt::join(names_of(native), " "));
}

}  // namespace

std::string coverage_table(const std::vector<BackendInfo>& backends, bool colour) {
  const std::vector<std::string> names = available_names(backends);
  std::vector<std::vector<std::string>> rows = {{"OP"}};
  rows[0].insert(rows[0].end(), names.begin(), names.end());
  rows[0].emplace_back("DTYPES");
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    std::vector<Coverage> native;
    native.reserve(names.size());
    for (const std::string& backend : names) native.push_back(covered(backend, op));
    Coverage known;  // the dtypes in which some backend does the op
    std::ranges::copy_if(kDTypes, std::back_inserter(known), [&](DType dtype) {
      return std::ranges::any_of(native,
                                 [&](const Coverage& one) { return std::ranges::count(one, dtype) > 0; });
    });
    rows.push_back({std::string(info(op).name)});
    for (const Coverage& one : native) rows.back().push_back(cell(one, known));
    rows.back().push_back(fmt::format("{}", fmt::join(names_of(known), " ")));
  }
  return text_table(rows, colour) +
         "\nnative: in all DTYPES of the row; a list: in these alone; -: in none. What a chosen backend does "
         "not do\n"
         "goes to the next in the list and at last to naive (TENON_FALLBACK=allow|warn|error).\n";
}

std::string coverage_json(const std::vector<BackendInfo>& backends) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    auto& row = rows.emplace_back(nlohmann::ordered_json{{"op", info(op).name}});
    row["backends"] = nlohmann::ordered_json::object();
    for (const std::string& backend : available_names(backends))
      row["backends"][backend] = names_of(covered(backend, op));
  }
  return rows.dump(1) + "\n";
}

}  // namespace tenon::tool
