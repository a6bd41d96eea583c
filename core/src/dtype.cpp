#include <tenon/dtype.h>
#include <tenon/error.h>

#include <fmt/format.h>

#include <array>

namespace tenon {
namespace {

struct DTypeRow {
  std::string_view name;
  std::size_t item_size;
  int rank;  // in the promotion lattice, which is a chain
};

constexpr std::array<DTypeRow, kDTypeCount> kRows = {{
    {"float32", 4, 5},
    {"float64", 8, 6},
    {"bfloat16", 2, 4},
    {"int32", 4, 2},
    {"int64", 8, 3},
    {"uint8", 1, 1},
    {"bool", 1, 0},
}};

const DTypeRow& row(DType dtype) { return kRows[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::string_view name(DType dtype) { return row(dtype).name; }

DType parse_dtype(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<DType>(i);
    known += fmt::format("{}{}", i == 0 ? "" : ", ", kRows[i].name);
  }
  throw DTypeError(fmt::format("no dtype is called '{}'; there are {}", name, known));
}

std::size_t item_size(DType dtype) { return row(dtype).item_size; }

DType promote(DType a, DType b) { return row(a).rank >= row(b).rank ? a : b; }

DType to_floating(DType dtype) { return is_floating(dtype) ? dtype : DType::float32; }

}  // namespace tenon
