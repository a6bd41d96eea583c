// Random draws: functions of seed, offset and element alone, the same on each backend, with the right
// distribution.
#include <gtest/gtest.h>
#include <tenon/backend.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/random.h>
#include <tenon/views.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "../conformance/backends_under_test.h"

namespace tenon {
namespace {

class Random : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Random, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Random, BitsAreThoseOfRandom123) {
  // Known answer of philox4x32-10 for counter 0 and key 0: kat_vectors of Random123.
  Generator zero(0);
  EXPECT_EQ(random_bits({4}, zero).to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST_P(Random, TheSameSeedGivesTheSameDraw) {
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16}) {
    Generator first(42);
    Generator second(42);
    EXPECT_TRUE(equal(uniform({1000}, -1, 1, dtype, first), uniform({1000}, -1, 1, dtype, second)));
    EXPECT_TRUE(equal(normal({999}, 0, 1, dtype, first), normal({999}, 0, 1, dtype, second)));
  }
}

TEST_P(Random, AnotherSeedOrOffsetGivesAnotherDraw) {
  Generator first(1);
  Generator second(std::uint64_t{1} << 32);
  const Tensor a = uniform({100}, 0, 1, DType::float32, first);
  EXPECT_FALSE(any(eq(a, uniform({100}, 0, 1, DType::float32, second))).item<bool>());
  EXPECT_FALSE(any(eq(a, uniform({100}, 0, 1, DType::float32, first))).item<bool>());
}

TEST_P(Random, DrawsAdvanceByTheBlocksThatTheyUse) {
  Generator generator(7);
  const auto used = [&](auto&& draw) {
    const std::uint64_t before = generator.offset();
    draw();
    return generator.offset() - before;
  };
  EXPECT_EQ(used([&] { random_bits({9}, generator); }), 3u);
  EXPECT_EQ(used([&] { uniform({2, 4}, 0, 1, DType::float32, generator); }), 2u);
  EXPECT_EQ(used([&] { uniform({5}, 0, 1, DType::float64, generator); }), 3u);
  EXPECT_EQ(used([&] { normal({5}, 0, 1, DType::float64, generator); }), 3u);
  EXPECT_EQ(used([&] { normal({5}, 0, 1, DType::bfloat16, generator); }), 2u);
  EXPECT_EQ(used([&] { uniform({0}, 0, 1, DType::float32, generator); }), 0u);
  EXPECT_EQ(used([&] { bernoulli({4}, 0.5, generator); }), 1u);
}

TEST_P(Random, ALaterOffsetContinuesTheDraw) {
  Generator whole(3);
  Generator rest(3);
  rest.set_offset(2);
  EXPECT_TRUE(equal(slice(random_bits({20}, whole), 0, 8, 20), random_bits({12}, rest)));
}

TEST_P(Random, ALargeDrawIsMadeOfItsSmallOnes) {
  constexpr std::int64_t kLarge = 1 << 18;
  Generator whole(11);
  const Tensor all = uniform({kLarge}, 0, 1, DType::float32, whole);
  for (const std::int64_t start : {std::int64_t{0}, kLarge / 2, kLarge - 8}) {
    Generator part(11);
    part.set_offset(static_cast<std::uint64_t>(start / 4));
    EXPECT_TRUE(equal(slice(all, 0, start, start + 8), uniform({8}, 0, 1, DType::float32, part)));
  }
}

TEST_P(Random, BitsAndUniformsAreThoseOfNaive) {
  const auto draw = [] {
    Generator generator(0x123456789ABCDEFu);
    generator.set_offset(~std::uint64_t{0} - 3);
    return std::vector<Tensor>{random_bits({33}, generator),
                               uniform({3, 11}, -2, 7, DType::float32, generator),
                               uniform({3, 11}, -2, 7, DType::float64, generator)};
  };
  const std::vector<Tensor> here = draw();
  const use_backend naive("naive");
  const std::vector<Tensor> there = draw();
  for (std::size_t i = 0; i < here.size(); ++i) EXPECT_TRUE(equal(here[i], there[i])) << i;
}

TEST_P(Random, UniformsStayInTheirHalfOpenRange) {
  Generator generator(5);
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = uniform({100000}, 3, 3.0000004, dtype, generator);
    EXPECT_GE(min(x).item<double>(), 3.0);
    EXPECT_LT(max(x).item<double>(), 3.0000004);
  }
}

// The Kolmogorov-Smirnov statistic against `distribution`; its critical value at alpha = 1e-6 is
// sqrt(-ln(alpha / 2) / 2 / n) (Kolmogorov's limit).
void expect_distribution(const Tensor& x, const std::function<double(double)>& distribution) {
  std::vector<double> values = x.to_vector<double>();
  std::ranges::sort(values);
  const double n = static_cast<double>(values.size());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_TRUE(std::isfinite(values[i]));
    const double expected = distribution(values[i]);
    const double rank = static_cast<double>(i);
    largest = std::max({largest, expected - rank / n, (rank + 1) / n - expected});
  }
  EXPECT_LT(largest, std::sqrt(-std::log(1e-6 / 2) / 2 / n));
}

TEST_P(Random, UniformsAreUniform) {
  Generator generator(2024);
  for (const DType dtype : {DType::float32, DType::float64}) {
    expect_distribution(uniform({50000}, -1, 3, dtype, generator), [](double x) { return (x + 1) / 4; });
  }
}

TEST_P(Random, NormalsAreNormal) {
  Generator generator(2024);
  const auto distribution = [](double x) { return std::erfc((2 - x) / 3 / std::sqrt(2.0)) / 2; };
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = normal({50000}, 2, 3, dtype, generator);
    expect_distribution(x, distribution);
    EXPECT_NEAR(mean(x).item<double>(), 2, 5 * 3 / std::sqrt(50000.0));
  }
}

TEST_P(Random, BernoulliIsTrueWithItsProbability) {
  Generator generator(9);
  constexpr double p = 0.2;
  constexpr double n = 100000;
  const Tensor x = bernoulli({static_cast<std::int64_t>(n)}, p, generator);
  EXPECT_EQ(x.dtype(), DType::boolean);
  EXPECT_NEAR(sum(x).item<double>(), p * n, 5 * std::sqrt(p * (1 - p) * n));
  EXPECT_TRUE(all(bernoulli({1000}, 1, generator)).item<bool>());
  EXPECT_FALSE(any(bernoulli({1000}, 0, generator)).item<bool>());
}

TEST(RandomArguments, AreChecked) {
  EXPECT_THROW(uniform({2}, 0, 1, DType::int64), DTypeError);
  EXPECT_THROW(normal({2}, 0, -1), IndexError);
  EXPECT_THROW(normal({2}, 0, NAN), IndexError);
  EXPECT_THROW(bernoulli({2}, 1.5), IndexError);
  EXPECT_THROW(bernoulli({2}, NAN), IndexError);
  EXPECT_THROW(uniform({-2}), ShapeError);
}

TEST(ManualSeed, StartsTheDefaultGeneratorAnew) {
  manual_seed(5);
  const Tensor first = uniform({10});
  EXPECT_GT(default_generator().offset(), 0u);
  manual_seed(5);
  EXPECT_EQ(default_generator().offset(), 0u);
  EXPECT_TRUE(equal(uniform({10}), first));
}

}  // namespace
}  // namespace tenon
