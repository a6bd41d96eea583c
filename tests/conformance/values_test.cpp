// Every row of the op table on every backend: the dtype of the table's rule, and values within the bounds of
// the row's class against float64 on naive, for operands in each layout.
#include <gtest/gtest.h>
#include <tenon/backend.h>
#include <tenon/ops.h>

#include <cmath>
#include <set>
#include <tuple>

#include "backends_under_test.h"
#include "op_cases.h"
#include "operands.h"

namespace tenon::test {
namespace {

DType dtype_by_rule(const OpInfo& row, std::span<const LaidOut> operands,
                    const std::map<std::string, std::string>& arguments) {
  DType dtype = DType::boolean;
  for (const LaidOut& operand : operands) {
    if (operand.kind == Operand::Kind::real) dtype = promote(dtype, operand.base.dtype());
  }
  switch (row.dtype_rule) {
    case DTypeRule::given: {
      const auto given = arguments.find("dtype");
      if (given != arguments.end()) return parse_dtype(given->second);
      const auto fallback = std::ranges::find(row.arguments, std::string_view("dtype"), &ArgumentInfo::name);
      return fallback == row.arguments.end() || fallback->fallback.empty() ? dtype
                                                                           : parse_dtype(fallback->fallback);
    }
    case DTypeRule::same:
      return dtype;
    case DTypeRule::floating:
      return to_floating(dtype);
    case DTypeRule::boolean:
      return DType::boolean;
    case DTypeRule::accumulating:
      return is_floating(dtype) ? dtype : DType::int64;
    case DTypeRule::index:
      return DType::int64;
  }
  return dtype;
}

double round_to(double value, DType dtype) {
  if (dtype == DType::float64) return value;
  const auto single = static_cast<float>(value);
  return static_cast<double>(dtype == DType::bfloat16 ? static_cast<float>(bfloat16(single)) : single);
}

// bfloat16 is computed in as float32, but for what goes through memory on the way: composites and
// scatter_add.
double unit_roundoff(const OpInfo& row, DType dtype) {
  if (dtype == DType::float64) return 0x1p-53;
  const bool through_memory = row.family == 0 || row.optional || row.name == "scatter_add";
  return dtype == DType::bfloat16 && through_memory ? 0x1p-8 : 0x1p-24;
}

void expect_within(const Tensor& actual, const Tensor& reference, const std::vector<double>& allowed) {
  const std::vector<double> got = actual.to_vector<double>();
  const std::vector<double> exact = reference.to_vector<double>();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double rounded = round_to(exact[i], actual.dtype());
    if (std::isnan(rounded) || std::isinf(rounded) || allowed[i] == 0) {
      const bool same = std::isnan(rounded)
                            ? std::isnan(got[i])
                            : got[i] == rounded && std::signbit(got[i]) == std::signbit(rounded);
      EXPECT_TRUE(same) << "element " << i << " is " << got[i] << ", must be " << rounded;
    } else {
      EXPECT_LE(std::abs(got[i] - exact[i]), allowed[i])
          << "element " << i << ": " << got[i] << " for " << exact[i];
    }
  }
}

class OpValues : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void check(const OpCase& op_case, DType dtype, Layout layout) {
    const use_backend reference_scope("naive");
    const OpInfo& row = find_op(op_case.op);
    const std::vector<LaidOut> operands = lay_out(op_case, dtype, layout);
    const auto arguments = arguments_for(op_case, dtype);
    Tensor actual;
    {
      const use_backend scope(std::get<0>(GetParam()));
      actual = invoke(op_case.op, views(operands), arguments);
    }
    EXPECT_EQ(actual.dtype(), dtype_by_rule(row, operands, arguments));

    // Where a result is rounded, the reference is the float64 one; random draws differ between dtypes.
    Tensors wide;
    for (const LaidOut& operand : operands) {
      const bool widens = operand.kind == Operand::Kind::real && is_floating(actual.dtype());
      wide.push_back(widens ? astype(operand.view(operand.base), DType::float64)
                            : operand.view(operand.base));
    }
    const Tensor reference = invoke(op_case.op, wide, arguments);
    ASSERT_EQ(actual.shape(), reference.shape());
    if (layout != Layout::empty && op_case.variant != "no elements") {
      EXPECT_GT(actual.size(), 0);
    }
    if (is_floating(actual.dtype())) {
      const double u = unit_roundoff(row, actual.dtype());
      expect_within(actual, reference, op_case.bound({wide, reference, u, actual.dtype()}));
    } else {
      EXPECT_EQ(actual.to_vector<std::int64_t>(), reference.to_vector<std::int64_t>());
    }
  }

 private:
  BackendUnderTest backend_{std::get<0>(GetParam())};
};

TEST_P(OpValues, AgreeWithFloat64OnNaiveInEveryLayout) {
  set_fallback_policy(Fallback::allow);
  for (const OpCase& op_case : op_cases()) {
    if (op_case.op != std::get<1>(GetParam())) continue;
    for (const DType dtype : op_case.dtypes) {
      for (const Layout layout : kLayouts) {
        if (!has_layout(op_case, layout)) continue;
        SCOPED_TRACE(op_case.op + " " + op_case.variant + ", " + std::string(tenon::name(dtype)) + ", " +
                     std::string(name(layout)));
        ASSERT_NO_THROW(check(op_case, dtype, layout));
      }
    }
  }
}

std::vector<std::string> all_ops() {
  std::vector<std::string> names;
  for (const OpInfo& row : op_table()) names.emplace_back(row.name);
  return names;
}

std::string label(const testing::TestParamInfo<std::tuple<std::string, std::string>>& info) {
  return test_name(std::get<0>(info.param) + "_" + std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Table, OpValues,
                         testing::Combine(testing::ValuesIn(built_backends()), testing::ValuesIn(all_ops())),
                         label);

TEST(OpCases, EveryRowOfTheTableHasACase) {
  for (const OpInfo& row : op_table()) {
    const auto cases = std::ranges::count(op_cases(), std::string(row.name), &OpCase::op);
    EXPECT_GT(cases, 0) << row.name << " has no case in op_cases.cpp";
  }
}

TEST(OpCases, EveryCaseNamesARowAndIsTheOnlyOneOfItsVariant) {
  std::set<std::string> seen;
  for (const OpCase& op_case : op_cases()) {
    EXPECT_NO_THROW(find_op(op_case.op)) << op_case.op;
    EXPECT_TRUE(seen.insert(op_case.op + " " + op_case.variant).second)
        << op_case.op << " " << op_case.variant;
    EXPECT_FALSE(op_case.dtypes.empty()) << op_case.op;
  }
}

TEST(OpCases, ThereIsABackendToTest) { EXPECT_FALSE(built_backends().empty()); }

}  // namespace
}  // namespace tenon::test
