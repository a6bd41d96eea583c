// Einsum on equations chosen at random, against one loop over every letter. A failure is shrunk before it is printed.
#include <gtest/gtest.h>
#include <tenon/einsum.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "../../conformance/backends_under_test.h"
#include "random_case.h"
#include "reference.h"

namespace tenon::test {
namespace {

// What is wrong with einsum on a case; nothing where it is right.
std::string failure(const RandomCase& random_case) {
  const std::vector<Tensor> tensors = random_case.tensors();
  try {
    const testing::AssertionResult result =
        is_einsum_of(einsum(random_case.equation(), tensors), random_case.equation(), tensors);
    return result ? "" : result.message();
  } catch (const std::exception& error) {
    return error.what();
  }
}

class RandomEinsum : public testing::TestWithParam<std::tuple<std::string, DType>> {
 protected:
  // The backend does all of it itself.
  void SetUp() override { set_fallback_policy(Fallback::error); }
  void TearDown() override { set_fallback_policy(policy_); }

 private:
  BackendUnderTest backend_{std::get<0>(GetParam())};
  Fallback policy_ = fallback_policy();
};

INSTANTIATE_TEST_SUITE_P(
    Backends, RandomEinsum,
    testing::Combine(testing::ValuesIn(built_backends()),
                     testing::Values(DType::float64, DType::float32, DType::int32, DType::int64)),
    [](const testing::TestParamInfo<std::tuple<std::string, DType>>& info) {
      return test_name(std::get<0>(info.param) + "_" + std::string(name(std::get<1>(info.param))));
    });

TEST_P(RandomEinsum, IsTheLoopOverEveryLetter) {
  std::mt19937_64 random(2024);
  for (int i = 0; i < 600 && !HasFailure(); ++i) {
    const RandomCase random_case = test::random_case(random, std::get<1>(GetParam()));
    if (failure(random_case).empty()) continue;
    const RandomCase smallest = shrunk(random_case, [](const RandomCase& c) { return !failure(c).empty(); });
    ADD_FAILURE() << smallest.to_text() << "\n" << failure(smallest) << "\nfrom " << random_case.to_text();
  }
}

TEST(EinsumThreads, SharePlans) {
  constexpr int kThreads = 4;
  std::array<std::string, kThreads> failures;
  std::vector<std::thread> threads;
  for (std::string& first_failure : failures) {
    threads.emplace_back([&first_failure] {
      std::mt19937_64 random(5);
      for (int i = 0; i < 100 && first_failure.empty(); ++i) {
        first_failure = failure(test::random_case(random, DType::float64));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& first_failure : failures) EXPECT_EQ(first_failure, "");
}

TEST(RandomCase, ReachesWhatTheLanguageHas) {
  std::mt19937_64 random(2024);
  std::set<std::string> seen;
  for (int i = 0; i < 600; ++i) {
    const RandomCase random_case = test::random_case(random, DType::float64);
    seen.insert(random_case.output ? "explicit output" : "implicit output");
    if (random_case.operands.size() == 6) seen.insert("six operands");
    for (const RandomOperand& operand : random_case.operands) {
      if (operand.extents.size() == 5) seen.insert("rank five");
      if (operand.term.find('.') != std::string::npos)
        seen.insert(operand.dots() > 0 ? "dots" : "empty dots");
      if (std::set<char>(operand.term.begin(), operand.term.end()).size() < operand.term.size())
        seen.insert("diagonal");
      if (std::ranges::count(operand.extents, 0) > 0) seen.insert("no elements");
    }
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST(RandomCase, ShrinksToTheSmallestThatFails) {
  std::mt19937_64 random(1);
  const auto fails = [](const RandomCase& c) {
    return std::ranges::any_of(c.operands, [](const RandomOperand& operand) {
      return operand.term.find("aa") != std::string::npos || operand.term.find("bb") != std::string::npos;
    });
  };
  RandomCase failing = test::random_case(random, DType::float64);
  while (!fails(failing)) failing = test::random_case(random, DType::float64);
  const std::string equation = shrunk(failing, fails).equation();
  EXPECT_TRUE(equation == "aa" || equation == "bb" || equation == "aa->" || equation == "bb->") << equation;
}

}  // namespace
}  // namespace tenon::test
