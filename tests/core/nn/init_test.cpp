#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <functional>

#include "../../conformance/backends_under_test.h"
#include "values.h"

namespace tenon::nn::init {
namespace {

constexpr std::int64_t kOut = 300;
constexpr std::int64_t kIn = 200;

struct DrawCase {
  std::string name;
  std::function<void(const Tensor&, Generator&)> fill;
  bool is_uniform;
  double deviation;
};

// The deviations are the papers' formulas, worked out for a [300, 200] weight.
const std::vector<DrawCase>& draw_cases() {
  static const std::vector<DrawCase> cases = {
      {"uniform", [](const Tensor& x, Generator& g) { uniform_(x, -2, 2, g); }, true, 4 / std::sqrt(12.0)},
      {"normal", [](const Tensor& x, Generator& g) { normal_(x, 0, 3, g); }, false, 3},
      {"kaiming_uniform",
       [](const Tensor& x, Generator& g) { kaiming_uniform_(x, 0, FanMode::fan_in, Nonlinearity::relu, g); },
       true, std::sqrt(2.0 / 200)},
      {"kaiming_uniform_sqrt5",
       [](const Tensor& x, Generator& g) {
         kaiming_uniform_(x, std::sqrt(5.0), FanMode::fan_in, Nonlinearity::leaky_relu, g);
       },
       true, std::sqrt(1.0 / (3 * 200))},
      {"kaiming_normal",
       [](const Tensor& x, Generator& g) { kaiming_normal_(x, 0, FanMode::fan_out, Nonlinearity::relu, g); },
       false, std::sqrt(2.0 / 300)},
      {"kaiming_normal_slope",
       [](const Tensor& x, Generator& g) {
         kaiming_normal_(x, 0.5, FanMode::fan_in, Nonlinearity::leaky_relu, g);
       },
       false, std::sqrt(2.0 / (1.25 * 200))},
      {"xavier_uniform", [](const Tensor& x, Generator& g) { xavier_uniform_(x, 1, g); }, true,
       std::sqrt(2.0 / 500)},
      {"xavier_normal", [](const Tensor& x, Generator& g) { xavier_normal_(x, 5.0 / 3, g); }, false,
       5.0 / 3 * std::sqrt(2.0 / 500)},
  };
  return cases;
}

class Init : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Init, testing::ValuesIn(test::built_backends()), test::backend_test_name);

TEST_P(Init, HasTheMomentsOfItsDistribution) {
  for (const DrawCase& c : draw_cases()) {
    SCOPED_TRACE(c.name);
    const Tensor x = zeros({kOut, kIn}).set_requires_grad();
    Generator generator(1234);
    c.fill(x, generator);
    const std::vector<double> values = x.to_vector<double>();
    const auto n = static_cast<double>(values.size());
    double sum = 0;
    double squares = 0;
    double largest = 0;
    for (const double v : values) {
      sum += v;
      squares += v * v;
      largest = std::max(largest, std::abs(v));
    }
    EXPECT_LE(std::abs(sum / n), 5 * c.deviation / std::sqrt(n));
    // The mean of x^2 has the variance (kurtosis - 1) sigma^4 / n: kurtosis 9/5 uniform, 3 normal.
    const double spread = std::sqrt((c.is_uniform ? 0.8 : 2.0) / n);
    EXPECT_NEAR(squares / n / (c.deviation * c.deviation), 1, 5 * spread);
    const double bound = std::sqrt(3.0) * c.deviation;
    if (c.is_uniform) {
      EXPECT_LE(largest, bound * (1 + 1e-6));
      EXPECT_GE(largest, bound * 0.999);
    } else {
      EXPECT_GT(largest, 3.5 * c.deviation);
    }
    EXPECT_TRUE(x.requires_grad());
  }
}

TEST_P(Init, GivesTheBitsOfTheReferenceBackend) {
  for (const DrawCase& c : draw_cases()) {
    SCOPED_TRACE(c.name);
    const Tensor here = zeros({37, 11});
    const Tensor there = zeros({37, 11});
    Generator generator(99);
    c.fill(here, generator);
    generator.seed(99);
    {
      const use_backend scope("naive");
      c.fill(there, generator);
    }
    if (c.is_uniform) {
      EXPECT_TRUE(equal(here, there));
    } else {
      EXPECT_TRUE(allclose(here, there, 4 * 0x1p-23, 0));
    }
  }
}

TEST_P(Init, LinearStartsAsThePaperOfItsDefaultSays) {
  manual_seed(7);
  Linear layer(256, 128);
  const double bound = 1.0 / 16;
  for (const Tensor& parameter : layer.parameters()) {
    const Tensor largest = max(abs(parameter.detach()));
    EXPECT_LE(largest.item<double>(), bound);
    EXPECT_GE(largest.item<double>(), 0.95 * bound);
  }
  // The same draw as kaiming_uniform_(sqrt 5), up to the rounding of its bound.
  Generator generator(7);
  const Tensor weight = zeros({128, 256});
  kaiming_uniform_(weight, std::sqrt(5.0), FanMode::fan_in, Nonlinearity::leaky_relu, generator);
  EXPECT_TRUE(allclose(layer.weight(), weight, 0, 1e-7));
  manual_seed(7);
  EXPECT_TRUE(equal(Linear(256, 128).weight(), layer.weight()));
  EXPECT_FALSE(equal(Linear(256, 128).weight(), layer.weight()));
}

TEST_P(Init, FillsWithConstants) {
  const Tensor x = zeros({2, 3}).set_requires_grad();
  test::expect_values(constant_(x, 2.5), std::vector<double>(6, 2.5));
  test::expect_values(ones_(x), std::vector<double>(6, 1));
  test::expect_values(zeros_(x), std::vector<double>(6, 0));
}

TEST(Fan, CountsTheReceptiveField) {
  const Fan fan = calculate_fan({16, 3, 5, 5});
  EXPECT_EQ(fan.in, 75);
  EXPECT_EQ(fan.out, 400);
  EXPECT_THROW((void)calculate_fan({4}), ShapeError);
  EXPECT_THROW(kaiming_normal_(zeros({4})), ShapeError);
  EXPECT_THROW(xavier_uniform_(zeros({4})), ShapeError);
}

TEST(Gain, IsThatOfThePapers) {
  EXPECT_EQ(calculate_gain(Nonlinearity::linear), 1);
  EXPECT_EQ(calculate_gain(Nonlinearity::sigmoid), 1);
  EXPECT_DOUBLE_EQ(calculate_gain(Nonlinearity::tanh), 5.0 / 3);
  EXPECT_DOUBLE_EQ(calculate_gain(Nonlinearity::relu), std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(calculate_gain(Nonlinearity::leaky_relu), std::sqrt(2 / 1.0001));
  EXPECT_DOUBLE_EQ(calculate_gain(Nonlinearity::leaky_relu, 3), std::sqrt(0.2));
  EXPECT_EQ(calculate_gain(Nonlinearity::selu), 0.75);
}

TEST(InitErrors, RefusesANegativeDeviation) { EXPECT_THROW(normal_(zeros({2}), 0, -1), IndexError); }

}  // namespace
}  // namespace tenon::nn::init
