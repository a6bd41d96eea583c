// EinsumOptions::memory_limit: kept, or an error.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/storage.h>

#include "../../conformance/backends_under_test.h"
#include "../expect_error.h"
#include "reference.h"

namespace tenon::test {
namespace {

class EinsumMemoryLimit : public OnEachBackend {
 protected:
  static bool keeps_within(std::int64_t limit, const char* equation, std::span<const Tensor> operands) {
    try {
      EXPECT_TRUE(is_einsum_of(einsum(equation, operands, {.memory_limit = limit}), equation, operands))
          << equation;
      return true;
    } catch (const ShapeError& error) {
      EXPECT_TRUE(
          std::string_view(error.what()).starts_with("[einsum] memory_limit is " + std::to_string(limit)))
          << error.what();
      return false;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, EinsumMemoryLimit, testing::ValuesIn(built_backends()), backend_test_name);

TEST_P(EinsumMemoryLimit, IsKeptOrAnError) {
  struct Row {
    const char* equation;
    std::vector<Shape> shapes;
    std::int64_t least;  // elements of the largest intermediate in the best order by this measure
  };
  const Row rows[] = {
      {"ij,jk->ik", {{4, 5}, {5, 6}}, 0},              // the result does not count
      {"ij->", {{4, 5}}, 0},                           // nor of one operand
      {"ij,jk,kl->il", {{4, 5}, {5, 6}, {6, 2}}, 10},  // jl
      {"ij,jk,kl->il", {{2, 3}, {3, 8}, {8, 5}}, 15},  // jl, and not ik of the cheapest order
      {"i,j,k->ijk", {{2}, {3}, {4}}, 6},              // ij
      {"i,j,k->", {{2}, {3}, {4}}, 1},                 // sums
      {"ij,k->ik", {{4, 5}, {3}}, 4},                  // the sum over j
      {"ij,jk,k->i", {{4, 5}, {5, 6}, {6}}, 5},        // j
      {"ij,ij,i->j", {{1, 5}, {4, 5}, {4}}, 5},  // j; nothing has more than one element along the first i
      {"ijk,ijl->kl", {{2, 0, 3}, {2, 0, 4}}, 0},
  };
  for (const Row& row : rows) {
    const std::vector<Tensor> operands = random_tensors(row.shapes, DType::float64, 2);
    EXPECT_TRUE(keeps_within(row.least, row.equation, operands)) << row.equation;
    if (row.least > 0) {
      EXPECT_FALSE(keeps_within(row.least - 1, row.equation, operands)) << row.equation;
    }
  }
}

TEST_P(EinsumMemoryLimit, IsPartOfWhatAPlanIsCachedBy) {
  const std::vector<Tensor> operands = random_tensors(std::vector<Shape>{{2}, {3}, {4}}, DType::float64, 2);
  EXPECT_NO_THROW(einsum("i,j,k->ijk", operands));
  EXPECT_FALSE(keeps_within(5, "i,j,k->ijk", operands));
  EXPECT_FALSE(keeps_within(-1, "i,j,k->ijk", operands));
  EXPECT_FALSE(keeps_within(0, "i,j,k->ijk", operands));
  EXPECT_TRUE(keeps_within(6, "i,j,k->ijk", operands));
}

TEST_P(EinsumMemoryLimit, HoldsForMoreOperandsThanAreSearchedExactly) {
  std::vector<EinsumOperand> chain;
  for (std::int32_t i = 0; i < 30; ++i) {
    chain.push_back({random_tensor({3, 3}, DType::float64, static_cast<std::uint64_t>(i)), {i, i + 1}});
  }
  const std::span<const EinsumOperand> operands = chain;
  const Tensor free = einsum(operands, {{0, 30}});
  const Tensor limited = einsum(operands, {{0, 30}}, {.memory_limit = 9});
  const std::vector<double> expected = free.to_vector<double>();
  const std::vector<double> actual = limited.to_vector<double>();
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], 1e-9 * std::abs(expected[i]));
  expect_error<ShapeError>(
      [&] {
        einsum(operands, {{0, 30}}, {.memory_limit = 8});
      },
      "[einsum] memory_limit is 8");
}

}  // namespace
}  // namespace tenon::test
