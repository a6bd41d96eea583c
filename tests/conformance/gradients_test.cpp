// Every differentiable row of the op table on every backend: gradients and second derivatives against central
// differences in float64, and float32 gradients against float64 ones.
#include "../core/gradient_check.h"

#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/ops.h>

#include <tuple>

#include "backends_under_test.h"
#include "op_cases.h"
#include "operands.h"

namespace tenon::test {
namespace {

// A case as a function of the memory behind its real operands.
struct CaseAsFunction {
  Tensors bases;
  Differentiable function;
};

CaseAsFunction as_function(const OpCase& op_case, DType dtype, Layout layout) {
  const std::vector<LaidOut> operands = lay_out(op_case, dtype, layout);
  CaseAsFunction result;
  for (const LaidOut& operand : operands) {
    if (operand.kind == Operand::Kind::real) result.bases.push_back(operand.base);
  }
  result.function = [op_case, operands](const Tensors& bases) {
    Tensors tensors;
    std::size_t next = 0;
    for (const LaidOut& operand : operands) {
      tensors.push_back(operand.view(operand.kind == Operand::Kind::real ? bases[next++] : operand.base));
    }
    return invoke(op_case.op, tensors, op_case.arguments);
  };
  return result;
}

// The differences of NaN between sliced elements are no gradients.
void fill_gaps(Tensors& bases) {
  for (Tensor& base : bases) base = where(isnan(base), full({}, 1.5, base.dtype()), base);
}

Tensor weights_of(const Tensor& x) { return astype(detail::weights_for(x), x.dtype()); }

// <weights, df/dx>, summed over the inputs; with a term 0 x, so that it depends on x also where f is linear.
Differentiable gradient_of(const Differentiable& f) {
  return [f](const Tensors& x) {
    const EnableGrad enable_grad;
    Tensors given;
    for (const Tensor& each : x)
      given.push_back(each.requires_grad() ? each : each.detach().set_requires_grad());
    const Tensor output = f(given);
    const Tensor weights = weights_of(output);
    Tensor total = full({}, 0.0, DType::float64);
    for (const Tensor& each : given) total = total + sum(each * 0);
    for (const Tensor& gradient : grad(std::span(&output, 1), given, std::span(&weights, 1), true)) {
      if (gradient.defined()) total = total + sum(gradient * weights_of(gradient));
    }
    return total;
  };
}

class OpGradients : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  // Calls f(case) for each case of the row that takes float64 and gives it.
  template <typename F>
  void for_each_case(F&& f) {
    set_fallback_policy(Fallback::allow);
    int cases = 0;
    for (const OpCase& op_case : op_cases()) {
      if (op_case.op != std::get<1>(GetParam()) || std::ranges::count(op_case.dtypes, DType::float64) == 0)
        continue;
      const auto dtype = op_case.arguments.find("dtype");
      if (dtype != op_case.arguments.end() && dtype->second != "float64") continue;
      SCOPED_TRACE(op_case.op + " " + op_case.variant);
      f(op_case);
      ++cases;
    }
    EXPECT_GT(cases, 0);
  }

 private:
  BackendUnderTest backend_{std::get<0>(GetParam())};
};

TEST_P(OpGradients, AgreeWithCentralDifferencesInEveryLayout) {
  for_each_case([](const OpCase& op_case) {
    for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced, Layout::expanded}) {
      SCOPED_TRACE(name(layout));
      CaseAsFunction op = as_function(op_case, DType::float64, layout);
      fill_gaps(op.bases);
      ASSERT_NO_THROW(expect_gradients(op.function, op.bases));
    }
  });
}

TEST_P(OpGradients, CanBeDifferentiatedAgain) {
  for_each_case([](const OpCase& op_case) {
    const CaseAsFunction op = as_function(op_case, DType::float64, Layout::contiguous);
    ASSERT_NO_THROW(expect_gradients(gradient_of(op.function), op.bases));
  });
}

// A gradient is a chain of at most eight ops of at most eight ULP each and a sum of n terms, on operands and
// intermediates of the order of the largest gradient, or of 1.
TEST_P(OpGradients, InFloat32AreThoseOfFloat64Rounded) {
  for_each_case([](const OpCase& op_case) {
    if (op_case.arguments.contains("dtype")) return;
    const CaseAsFunction single = as_function(op_case, DType::float32, Layout::contiguous);
    Tensors narrow;
    Tensors wide;
    for (const Tensor& base : single.bases) {
      narrow.push_back(clone(base).set_requires_grad());
      wide.push_back(clone(astype(base, DType::float64)).set_requires_grad());
    }
    const auto gradients = [&](const Tensors& inputs) {
      const Tensor output = single.function(inputs);
      const Tensor weights = weights_of(output);
      return grad(std::span(&output, 1), inputs, std::span(&weights, 1));
    };
    const Tensors actual = gradients(narrow);
    const Tensors expected = gradients(wide);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_EQ(actual[i].dtype(), DType::float32);
      ASSERT_EQ(actual[i].shape(), narrow[i].shape());
      const double largest = max(abs(expected[i])).item<double>();
      const double terms = 64 + static_cast<double>(narrow[i].size());
      EXPECT_LE(max(abs(actual[i] - expected[i])).item<double>(), terms * 0x1p-24 * std::max(1.0, largest))
          << "input " << i;
    }
  });
}

std::vector<std::string> differentiable_ops() {
  std::vector<std::string> names;
  for (const OpInfo& row : op_table()) {
    if (row.differentiable) names.emplace_back(row.name);
  }
  return names;
}

std::string label(const testing::TestParamInfo<std::tuple<std::string, std::string>>& info) {
  return test_name(std::get<0>(info.param) + "_" + std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Table, OpGradients,
                         testing::Combine(testing::ValuesIn(built_backends()),
                                          testing::ValuesIn(differentiable_ops())),
                         label);

}  // namespace
}  // namespace tenon::test
