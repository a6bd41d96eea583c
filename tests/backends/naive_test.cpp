// EINSUM of the reference beyond what a host sends: modes that only one operand has are summed over, and
// attributes that do not fit the operands are refused.
#include <gtest/gtest.h>

#include <numeric>

#include "einsum_reference.h"

namespace tenon::conformance {
namespace {

const PluginUnderTest& naive() {
  static const PluginUnderTest plugin(TENON_NAIVE, Coverage::complete);
  return plugin;
}

TEST(NaiveEinsum, SumsOverModesOfOneInput) {
  constexpr std::int64_t kExtents[] = {3, 4, 5, 2};
  for (const DType dtype : kContractionDTypes) {
    Grader grader(naive());
    for (const char* const text : {"ij,jk->k", "ij,kl->ik", "i,j->", "ij,->", "ii,j->j", ",ij->j"}) {
      const Equation each = equation(text, kExtents);
      EinsumOperands x(dtype, each);
      x.fill_ordinary(1);
      grade_einsum(grader, "beyond the promise", each, x);
    }
    EXPECT_TRUE(grader.passed(false)) << grader.report(false);
  }
}

TEST(NaiveEinsum, SumsOverAllModesThatThereAre) {
  Equation each;
  each.inputs.assign(2, Modes(TENON_MAX_RANK));
  std::iota(each.inputs[0].begin(), each.inputs[0].end(), std::uint8_t{0});
  std::iota(each.inputs[1].begin(), each.inputs[1].end(), std::uint8_t{TENON_MAX_RANK});
  each.extents.fill(1);
  for (const std::size_t mode : {0, 17, 31, 32, 50, 63}) each.extents[mode] = 3;
  Grader grader(naive());
  EinsumOperands x(DType::float64, each, {Layout::padded, Layout::padded});
  x.fill_ordinary(2);
  grade_einsum(grader, "64 modes", each, x);
  EXPECT_TRUE(grader.passed(false)) << grader.report(false);
}

/// Grades a call of [2, 2] and [2] to [2] that must be refused.
void expect_refused(const char* name, void (*spoil)(tenon_einsum_attributes&), DType b_dtype = DType::float32,
                    std::int64_t b_extent = 2, DType dtype = DType::float32) {
  Operand a(dtype, {2, 2}, Role::input);
  Operand b(b_dtype, {b_extent}, Role::input);
  Operand out(dtype, {2}, Role::output);
  a.fill({1});
  b.fill({1});
  const DLTensor inputs[] = {a.tensor(), b.tensor()};
  const DLTensor output = out.tensor();
  tenon_einsum_attributes attributes = {sizeof(attributes), {{7, 8}, {8}, {7}}};
  spoil(attributes);
  Grader grader(naive());
  grader.grade_unknown({sizeof(tenon_call), TENON_OP_EINSUM, 2, 1, inputs, &output, &attributes, nullptr},
                       name, {&a, &b}, out);
  EXPECT_EQ(grader.failures(), 0) << grader.report(true);
}

TEST(NaiveEinsum, RefusesAttributesThatDoNotFit) {
  const auto as_it_is = [](tenon_einsum_attributes&) {};
  expect_refused("a mode too large",
                 [](tenon_einsum_attributes& x) { x.modes[0][1] = x.modes[1][0] = TENON_MAX_MODES; });
  expect_refused("an output mode that no input has", [](tenon_einsum_attributes& x) { x.modes[2][0] = 9; });
  expect_refused("another extent", as_it_is, DType::float32, 3);
  expect_refused("two dtypes", as_it_is, DType::float64);
  expect_refused("bool", as_it_is, DType::boolean, 2, DType::boolean);
}

TEST(NaiveEinsum, RefusesAnOutputModeTwice) {
  Operand x(DType::float32, {2}, Role::input);
  Operand out(DType::float32, {2, 2}, Role::output);
  x.fill({1});
  const DLTensor input = x.tensor();
  const DLTensor output = out.tensor();
  const tenon_einsum_attributes attributes = {sizeof(attributes), {{3}, {}, {3, 3}}};
  Grader grader(naive());
  grader.grade_unknown({sizeof(tenon_call), TENON_OP_EINSUM, 1, 1, &input, &output, &attributes, nullptr},
                       "i->ii", {&x}, out);
  EXPECT_EQ(grader.failures(), 0) << grader.report(true);
}

}  // namespace
}  // namespace tenon::conformance
