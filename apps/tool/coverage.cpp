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

constexpr std::array kKinds = {Coverage::native, Coverage::shared, Coverage::decomposition,
                               Coverage::fallback};
constexpr std::array<std::string_view, kKinds.size()> kKindNames = {"native", "shared", "decomposed",
                                                                    "fallback"};

// The dtypes that a backend does an op in, by the way it does.
using DTypesByKind = std::array<std::vector<DType>, kKinds.size()>;

DTypesByKind covered(const std::string& backend, Op op) {
  DTypesByKind dtypes;
  for (const DType dtype : kDTypes) {
    dtypes[static_cast<std::size_t>(backend_coverage(backend, op, dtype))].push_back(dtype);
  }
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

std::vector<std::string_view> names_of(const std::vector<DType>& dtypes) {
  std::vector<std::string_view> names;
  names.reserve(dtypes.size());
  for (const DType dtype : dtypes) names.push_back(name(dtype));
  return names;
}

// One word if all of `known` go one way, else each way with its dtypes.
std::string cell(const DTypesByKind& covered, const std::vector<DType>& known) {
  std::string text;
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    std::vector<DType> dtypes;
    std::ranges::copy_if(covered[kind], std::back_inserter(dtypes),
                         [&](DType dtype) { return std::ranges::count(known, dtype) > 0; });
    if (dtypes.empty()) continue;
    if (dtypes == known) return std::string(kKindNames[kind]);
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", kKindNames[kind], fmt::join(names_of(dtypes), " "));
  }
  return text;
}

}  // namespace

std::string coverage_table(const std::vector<BackendInfo>& backends, bool colour) {
  const std::vector<std::string> names = available_names(backends);
  std::vector<std::vector<std::string>> rows = {{"OP"}};
  rows[0].insert(rows[0].end(), names.begin(), names.end());
  rows[0].emplace_back("DTYPES");
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    std::vector<DTypesByKind> columns;
    columns.reserve(names.size());
    for (const std::string& backend : names) columns.push_back(covered(backend, op));
    std::vector<DType> known;  // the dtypes in which some backend does the op
    std::ranges::copy_if(kDTypes, std::back_inserter(known), [&](DType dtype) {
      return std::ranges::any_of(columns, [&](const DTypesByKind& one) {
        return std::ranges::count(one[static_cast<std::size_t>(Coverage::fallback)], dtype) == 0;
      });
    });
    rows.push_back({std::string(info(op).name)});
    for (const DTypesByKind& one : columns) rows.back().push_back(cell(one, known));
    rows.back().push_back(fmt::format("{}", fmt::join(names_of(known), " ")));
  }
  return text_table(rows, colour) +
         "\nnative: by its library's or its own kernel; shared: by a kernel that several backends have in "
         "common;\n"
         "decomposed: by way of other ops; fallback: by the next in the list, at last naive "
         "(TENON_FALLBACK=allow|warn|error).\n"
         "A word alone holds for all DTYPES of the row.\n";
}

std::string coverage_json(const std::vector<BackendInfo>& backends) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    auto& row = rows.emplace_back(nlohmann::ordered_json{{"op", info(op).name}});
    row["backends"] = nlohmann::ordered_json::object();
    for (const std::string& backend : available_names(backends)) {
      const DTypesByKind dtypes = covered(backend, op);
      for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
        row["backends"][backend][kKindNames[kind]] = names_of(dtypes[kind]);
      }
    }
  }
  return rows.dump(1) + "\n";
}

}  // namespace tenon::tool
