// The equations of the test suites of NumPy (numpy/core/tests/test_einsum.py), opt_einsum 3.4 (opt_einsum/tests) and
// PyTorch (test/test_linalg.py).
#pragma once

#include <tenon/shape.h>

#include <span>
#include <vector>

namespace tenon::test {

/// In this extent's place stand, one after another, the numbers from 1 to 24.
inline constexpr std::int64_t kAny = -1;

struct SuiteCase {
  const char* equation;
  std::vector<Shape> shapes;
};

std::span<const SuiteCase> numpy_cases();
std::span<const SuiteCase> opt_einsum_cases();
std::span<const SuiteCase> pytorch_cases();

/// Equations whose letters have the sizes that these suites give them; see shapes_of().
std::span<const char* const> lettered_equations();
/// a b c ... q A B C are 2 3 4 5 4 3 2 6 5 4 3 2 5 7 4 3 2 3 4; "..." stands for "ij", as there.
std::vector<Shape> shapes_of(const char* equation);

/// What every one of the suites, and Tenon, refuses.
std::span<const SuiteCase> wrong_cases();

}  // namespace tenon::test
