// Einsum on the equations of other suites, against one loop over every letter.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/views.h>

#include <algorithm>

#include "../../conformance/backends_under_test.h"
#include "reference.h"
#include "suite_cases.h"

namespace tenon::test {
namespace {

class EinsumSuite : public OnEachBackend {
 protected:
  // The backend does all of it itself.
  void SetUp() override { set_fallback_policy(Fallback::error); }
  void TearDown() override { set_fallback_policy(policy_); }

  static void check(const char* equation, std::span<const Shape> shapes) {
    SCOPED_TRACE(std::string(equation) + " of " + to_text(shapes));
    const std::vector<Tensor> operands = random_tensors(shapes, DType::float64, 7);
    ASSERT_NO_THROW(EXPECT_TRUE(is_einsum_of(einsum(equation, operands), equation, operands)));
  }

  static void check_all(std::span<const SuiteCase> cases) {
    for (const SuiteCase& suite_case : cases) {
      const bool varies = std::ranges::any_of(suite_case.shapes, [](const Shape& shape) {
        return std::ranges::find(shape, kAny) != shape.end();
      });
      for (std::int64_t n = 1; n <= (varies ? 24 : 1); ++n) {
        std::vector<Shape> shapes = suite_case.shapes;
        for (Shape& shape : shapes) std::ranges::replace(shape, kAny, n);
        check(suite_case.equation, shapes);
      }
    }
  }

 private:
  Fallback policy_ = fallback_policy();
};

INSTANTIATE_TEST_SUITE_P(Backends, EinsumSuite, testing::ValuesIn(built_backends()), backend_test_name);

TEST_P(EinsumSuite, OfNumPy) { check_all(numpy_cases()); }

TEST_P(EinsumSuite, OfOptEinsum) { check_all(opt_einsum_cases()); }

TEST_P(EinsumSuite, OfPyTorch) { check_all(pytorch_cases()); }

TEST_P(EinsumSuite, OfNumPyAndOptEinsumByLetters) {
  for (const char* const equation : lettered_equations()) check(equation, shapes_of(equation));
}

TEST_P(EinsumSuite, OfWrongEquationsIsAnError) {
  for (const SuiteCase& wrong : wrong_cases()) {
    const std::vector<Tensor> operands = random_tensors(wrong.shapes, DType::float64, 7);
    EXPECT_THROW(einsum(wrong.equation, operands), ShapeError)
        << wrong.equation << " of " << to_text(wrong.shapes);
  }
}

TEST_P(EinsumSuite, WithoutDotsInTheOutputSumsOverTheirAxesAsInPyTorch) {
  check("...->", std::vector<Shape>{{2, 3}});
  check("...i->i", std::vector<Shape>{{2, 3}});
  check("i...,i...->i", std::vector<Shape>{{2, 3}, {2, 4, 3}});
}

TEST_P(EinsumSuite, TakesDotsInTheOutputThatStandForNothing) {
  check("i->...i", std::vector<Shape>{{3}});
  check("i,j->i...j", std::vector<Shape>{{3}, {2}});
}

TEST_P(EinsumSuite, OfOneOperandThatSumsNothingIsAView) {
  for (const char* const equation : {"...", "ijk", "kji", "ijk->jik", "iij->ij", "iij->ji", "iii->i",
                                     "...ii->...i", "ii...->...i", "i...i->i..."}) {
    const Tensor x = random_tensor({3, 3, 3}, DType::float64, 1);
    EXPECT_EQ(einsum(equation, x).storage(), x.storage()) << equation;
  }
}

}  // namespace
}  // namespace tenon::test
