// The losses of class indices against loops over the formulas of their documentation, with every option.
#include <tenon/nn.h>
#include <tenon/tenon.h>

#include "../../conformance/backends_under_test.h"
#include "gradient_check.h"
#include "values.h"

namespace tenon::nn {
namespace {

using test::expect_values;
using test::labels;
using test::varied;

struct ClassCase {
  std::string name;
  Shape logits;
  std::vector<std::int64_t> targets;
  std::vector<double> weight{};
  double smoothing = 0;
  std::int64_t ignore_index = -100;
};

const std::vector<ClassCase>& class_cases() {
  static const std::vector<ClassCase> cases = {
      {"plain", {4, 3}, {0, 2, 1, 2}},
      {"one_sample", {3}, {1}},
      {"pixels", {2, 3, 2}, {0, 2, 1, 1}},
      {"weighted", {4, 3}, {0, 2, 1, 2}, {0.5, 2, 1.25}},
      {"ignoring", {4, 3}, {0, -100, 1, 2}},
      {"ignoring_a_class", {4, 3}, {0, 2, 1, 2}, {}, 0, 2},
      {"smoothed", {4, 3}, {0, 2, 1, 2}, {}, 0.3},
      {"smoothed_all", {4, 3}, {0, 2, 1, 2}, {}, 1},
      {"all_options", {2, 3, 3}, {0, 1, -1, 2, 2, 0}, {0.5, 2, 1.25}, 0.1, -1},
  };
  return cases;
}

constexpr Reduction kReductions[] = {Reduction::mean, Reduction::sum, Reduction::none};

Tensor target_tensor(const ClassCase& c) {
  Shape shape = c.logits;
  shape.erase(shape.size() == 1 ? 0 : 1);
  return from_values(c.targets, shape);
}

Tensor weight_tensor(const ClassCase& c) {
  return c.weight.empty() ? Tensor() : from_values(c.weight, {static_cast<std::int64_t>(c.weight.size())});
}

CrossEntropyOptions options_of(const ClassCase& c, Reduction reduction) {
  return {weight_tensor(c), c.ignore_index, reduction, c.smoothing};
}

// l = -sum_c w_c q_c log p_c, q = (1 - s) onehot(t) + s / C, p = softmax(logits) or, if `scores` are
// log-probabilities already, their exponentials.
std::vector<double> reference(const ClassCase& c, const Tensor& scores, bool normalized,
                              Reduction reduction) {
  const std::size_t axis = c.logits.size() == 1 ? 0 : 1;
  const auto classes = static_cast<std::size_t>(c.logits[axis]);
  const std::size_t inner = c.logits.size() == 3 ? static_cast<std::size_t>(c.logits[2]) : 1;
  const std::vector<double> x = scores.to_vector<double>();
  std::vector<double> losses;
  double total_weight = 0;
  for (std::size_t t = 0; t < c.targets.size(); ++t) {
    const auto at = [&](std::size_t k) { return x[(t / inner * classes + k) * inner + t % inner]; };
    double normalizer = 0;
    for (std::size_t k = 0; k < classes; ++k) normalizer += std::exp(at(k));
    normalizer = normalized ? 0 : std::log(normalizer);
    if (c.targets[t] == c.ignore_index) {
      losses.push_back(0);
      continue;
    }
    const auto target = static_cast<std::size_t>(c.targets[t]);
    const auto weight = [&](std::size_t k) { return c.weight.empty() ? 1.0 : c.weight[k]; };
    double loss = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      const double q = (k == target ? 1 - c.smoothing : 0) + c.smoothing / static_cast<double>(classes);
      loss -= weight(k) * q * (at(k) - normalizer);
    }
    losses.push_back(loss);
    total_weight += weight(target);
  }
  if (reduction == Reduction::none) return losses;
  double sum = 0;
  for (const double loss : losses) sum += loss;
  return {reduction == Reduction::mean ? sum / total_weight : sum};
}

template <typename Check>
void for_each_case(Check&& check) {
  for (const ClassCase& c : class_cases()) {
    for (const Reduction reduction : kReductions) {
      SCOPED_TRACE(testing::Message() << c.name << ", " << name(reduction));
      check(c, reduction);
    }
  }
}

class Losses : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Losses, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Losses, CrossEntropyIsItsFormula) {
  for_each_case([](const ClassCase& c, Reduction reduction) {
    const Tensor logits = varied(c.logits);
    const Tensor loss = CrossEntropyLoss(options_of(c, reduction))(logits, target_tensor(c));
    EXPECT_EQ(loss.shape(), reduction == Reduction::none ? target_tensor(c).shape() : Shape{});
    expect_values(loss, reference(c, logits, false, reduction));
    const Tensor from_int32 =
        cross_entropy(logits, astype(target_tensor(c), DType::int32), options_of(c, reduction));
    EXPECT_TRUE(equal(from_int32, loss));
  });
}

TEST_P(Losses, CrossEntropyHasTheGradientOfCentralDifferences) {
  for_each_case([](const ClassCase& c, Reduction reduction) {
    const auto f = [&](const test::Tensors& x) {
      return cross_entropy(x[0], target_tensor(c), options_of(c, reduction));
    };
    test::expect_gradients(f, {varied(c.logits)});
    test::expect_second_derivatives(f, {varied(c.logits)});
  });
}

TEST_P(Losses, NLLIsItsFormula) {
  for_each_case([](const ClassCase& c, Reduction reduction) {
    if (c.smoothing != 0) return;
    const Tensor scores = varied(c.logits);
    const NLLOptions options = {weight_tensor(c), c.ignore_index, reduction};
    expect_values(NLLLoss(options)(scores, target_tensor(c)), reference(c, scores, true, reduction));
    test::expect_gradients([&](const test::Tensors& x) { return nll_loss(x[0], target_tensor(c), options); },
                           {scores});
  });
}

TEST_P(Losses, CrossEntropyBearsHugeLogits) {
  const Tensor logits = from_values({1000.0, -1000.0, -1000.0, 1000.0}, {2, 2}).set_requires_grad();
  const Tensor loss = cross_entropy(logits, labels({0, 0}));
  EXPECT_EQ(loss.item<double>(), 1000);
  loss.backward();
  expect_values(logits.grad(), {0, 0, -0.5, 0.5});
}

TEST_P(Losses, CrossEntropyInFloat32StaysNearFloat64) {
  const Tensor logits = varied({8, 10}, 5);
  const Tensor targets = labels({1, 2, 3, 4, 5, 6, 7, 0});
  const Tensor single = astype(logits, DType::float32).set_requires_grad();
  const Tensor loss = cross_entropy(single, targets);
  EXPECT_EQ(loss.dtype(), DType::float32);
  EXPECT_NEAR(loss.item<double>(), cross_entropy(logits, targets).item<double>(), 1e-6);
  loss.backward();
  EXPECT_EQ(single.grad().dtype(), DType::float32);
}

TEST_P(Losses, AnIgnoredTargetCountsForNothingEvenWhereItsScoreIsInfinite) {
  const Tensor scores = from_values({-double{INFINITY}, -1.0, -2.0, -3.0}, {2, 2}).set_requires_grad();
  const Tensor loss = nll_loss(scores, labels({-100, 1}));
  EXPECT_EQ(loss.item<double>(), 3);
  loss.backward();
  expect_values(scores.grad(), {0, 0, 0, -1});
}

TEST_P(Losses, ATargetThatIsNoClassIsAnIndexError) {
  for (const std::int64_t wrong : {-1, 3}) {
    EXPECT_THROW(cross_entropy(varied({2, 3}), labels({0, wrong})), IndexError) << wrong;
    EXPECT_THROW(nll_loss(varied({2, 3}), labels({0, wrong})), IndexError) << wrong;
  }
}

TEST_P(Losses, MeanSquaredErrorIsItsFormula) {
  const Tensor a = from_values({1.0, 2.0, 3.0, 4.0}, {2, 2});
  const Tensor b = from_values({0.0, 2.5, 3.0, 1.0}, {2, 2});
  expect_values(MSELoss()(a, b), {10.25 / 4});
  expect_values(MSELoss(Reduction::sum)(a, b), {10.25});
  expect_values(MSELoss(Reduction::none)(a, b), {1, 0.25, 0, 9});
  for (const Reduction reduction : kReductions) {
    const auto f = [&](const test::Tensors& x) { return mse_loss(x[0], x[1], reduction); };
    test::expect_gradients(f, {a, b});
    test::expect_second_derivatives(f, {a, b});
  }
}

TEST_P(Losses, BinaryCrossEntropyIsItsFormula) {
  const Tensor logits = varied({3, 2}, 3);
  const Tensor targets = from_values({0.0, 1.0, 0.25, 0.75, 1.0, 0.0}, {3, 2});
  const Tensor weight = from_values({0.5, 2.0, 1.5}, {3, 1});
  const Tensor pos_weight = from_values({3.0, 0.5}, {2});
  for (const bool weighted : {false, true}) {
    BCEOptions options;
    if (weighted) options = {weight, pos_weight, Reduction::none};
    options.reduction = Reduction::none;
    std::vector<double> expected;
    const std::vector<double> x = logits.to_vector<double>();
    const std::vector<double> y = targets.to_vector<double>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double p = 1 / (1 + std::exp(-x[i]));
      const double positive = weighted ? pos_weight.to_vector<double>()[i % 2] : 1;
      const double factor = weighted ? weight.to_vector<double>()[i / 2] : 1;
      expected.push_back(-factor * (positive * y[i] * std::log(p) + (1 - y[i]) * std::log(1 - p)));
    }
    expect_values(BCEWithLogitsLoss(options)(logits, targets), expected);
    double sum = 0;
    for (const double loss : expected) sum += loss;
    options.reduction = Reduction::sum;
    expect_values(binary_cross_entropy_with_logits(logits, targets, options), {sum});
    options.reduction = Reduction::mean;
    expect_values(binary_cross_entropy_with_logits(logits, targets, options), {sum / 6});
    const auto f = [&](const test::Tensors& in) {
      return binary_cross_entropy_with_logits(in[0], in[1], options);
    };
    test::expect_gradients(f, {logits, targets});
    test::expect_second_derivatives(f, {logits, targets});
  }
}

TEST_P(Losses, BinaryCrossEntropyIsExactInTheTails) {
  const Tensor logits = from_values({800.0, -800.0, 40.0, -40.0, 0.0}).set_requires_grad();
  const Tensor targets = from_values({0.0, 1.0, 1.0, 0.0, 1.0});
  const Tensor loss = binary_cross_entropy_with_logits(logits, targets, {{}, {}, Reduction::none});
  const std::vector<double> actual = loss.to_vector<double>();
  const std::vector<double> expected = {800, 800, std::exp(-40.0), std::exp(-40.0), std::log(2.0)};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i] / expected[i], 1, 1e-12) << i;
  loss.backward(ones_like(loss));
  expect_values(logits.grad(), {1, -1, 0, 0, -0.5});
}

}  // namespace
}  // namespace tenon::nn
