// Whole training steps: the backends agree, and may change between steps and between layers.
#include <tenon/nn.h>
#include <tenon/optim.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "../../conformance/backends_under_test.h"

namespace tenon::nn {
namespace {

constexpr int kSteps = 30;

// Two noisy blobs a class, as a problem that a small network learns in a few steps.
struct Problem {
  Tensor images;
  Tensor labels;
};

Problem make_problem() {
  Generator generator(17);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 60; ++i) labels.push_back(i % 3);
  const Tensor index = from_values(labels, {60});
  const Tensor centres = normal({3, 8}, 0, 1, DType::float32, generator);
  const Tensor noise = normal({60, 8}, 0, 0.5, DType::float32, generator);
  return {index_select(centres, 0, index) + noise, index};
}

// The losses of training from seed 3; `before_step` may move the model or its layers.
std::vector<double> train(const std::function<void(Sequential& model, int step)>& before_step) {
  manual_seed(3);
  Sequential model(std::make_shared<Linear>(8, 16), std::make_shared<ReLU>(),
                   std::make_shared<Linear>(16, 3));
  optim::SGD optimizer(model.parameters(), 0.1, {.momentum = 0.9});
  const Problem problem = make_problem();
  const CrossEntropyLoss loss_of;
  std::vector<double> losses;
  for (int step = 0; step < kSteps; ++step) {
    before_step(model, step);
    const Tensor loss = loss_of(model(problem.images), problem.labels);
    losses.push_back(loss.item<double>());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  return losses;
}

void expect_same_course(const std::vector<double>& losses) {
  const use_backend scope("naive");
  const std::vector<double> reference = train([](Sequential&, int) {});
  ASSERT_LT(reference.back(), 0.2 * reference.front()) << "it learns";
  for (std::size_t i = 0; i < reference.size(); ++i) {
    EXPECT_NEAR(losses[i], reference[i], 1e-4 * reference[i]) << "step " << i;
  }
}

TEST(Training, TakesTheSameCourseOnEachBackend) {
  for (const std::string& name : test::usable_backends()) {
    SCOPED_TRACE(name);
    const use_backend scope(name);
    expect_same_course(train([](Sequential&, int) {}));
  }
}

TEST(Training, GoesOnWithoutAJumpWhenTheBackendChanges) {
  const std::vector<std::string> names = test::usable_backends();
  expect_same_course(train(
      [&](Sequential& model, int step) { model.to(names[static_cast<std::size_t>(step) % names.size()]); }));
}

TEST(Training, LayersMayRunOnDifferentBackends) {
  const std::vector<std::string> names = test::usable_backends();
  reset_op_counts();
  const std::vector<double> losses = train([&](Sequential& model, int) {
    for (std::size_t i = 0; i < model.size(); ++i) {
      model[static_cast<std::int64_t>(i)].to(names[i % names.size()]);
    }
  });
  std::set<std::string> used;
  for (const OpCount& count : op_counts()) used.insert(count.backend);
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 3); ++i)
    EXPECT_TRUE(used.contains(names[i]));
  expect_same_course(losses);
}

}  // namespace
}  // namespace tenon::nn
