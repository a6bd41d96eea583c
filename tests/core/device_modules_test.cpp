// Gradients, Modules, optimizers and data in a device's memory, on the backend of plugins/device_backend.cpp.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/data.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/nn.h>
#include <tenon/ops.h>
#include <tenon/optim.h>
#include <tenon/random.h>
#include <tenon/views.h>

#include <cmath>
#include <string>
#include <vector>

#include "device_memory.h"
#include "expect_error.h"

namespace tenon {
namespace {

using test::DeviceTest;
using test::expect_error;
using Values = std::vector<float>;

// ---- gradients, Modules, optimizers ----

TEST_F(DeviceTest, GradientsGoBackToWhereTheInputLies) {
  x.set_requires_grad();
  const Tensor y = square(x.to("device").to("device:1"));
  sum(y).backward();
  EXPECT_EQ(x.grad().device(), Device());
  EXPECT_EQ(x.grad().to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
}

TEST_F(DeviceTest, SecondDerivativesCrossMemories) {
  x.set_requires_grad();
  const Tensor cubes = square(x.to("device")) * x.to("device");
  const Tensor slope = grad(sum(cubes), {x}, true)[0];
  EXPECT_EQ(slope.device(), Device());
  sum(slope.to("device:1") * 1.0).backward();
  EXPECT_EQ(x.grad().device(), Device());
  EXPECT_EQ(x.grad().to_vector<float>(), (Values{6, 12, 18, 24, 30, 36}));
}

class TwiceThereThriceHere : public Function {
 public:
  std::string name() const override { return "twice_there_thrice_here"; }
  std::vector<Tensor> forward(std::span<const Tensor> inputs) override {
    return {inputs[0] * 2.0, inputs[0].to("cpu") * 3.0};
  }
  std::vector<Tensor> backward(std::span<const Tensor> gradients) override {
    return {gradients[0] * 2.0 + to(gradients[1], gradients[0].device()) * 3.0};
  }
};

TEST_F(DeviceTest, AFunctionsMissingGradientLiesWhereItsOutputDoes) {
  const Tensor there = x.to("device").set_requires_grad();
  set_fallback_policy(Fallback::allow);
  const use_backend scope("device");
  const auto outputs = Function::apply(std::make_shared<TwiceThereThriceHere>(), std::vector<Tensor>{there});
  set_fallback_policy(Fallback::error);
  sum(outputs[0]).backward();
  EXPECT_EQ(there.grad().to_vector<float>(), Values(6, 2));
}

TEST_F(DeviceTest, BackwardRunsWhereForwardRan) {
  const Tensor there = x.to("device").set_requires_grad();
  sum(relu(there) * there).backward();
  EXPECT_EQ(there.grad().device(), first);
  EXPECT_EQ(count("mul", "naive").calls, 0U);
  EXPECT_EQ(there.grad().to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
}

TEST_F(DeviceTest, AnInputOfOpsInTwoMemoriesGetsBothGradients) {
  x.set_requires_grad();
  sum(square(x.to("device")) + (x * 3.0).to("device")).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (Values{5, 7, 9, 11, 13, 15}));
}

std::vector<double> losses(const std::vector<std::pair<int, std::string>>& moves) {
  manual_seed(7);
  nn::Sequential net;
  net.add(std::make_shared<nn::Linear>(8, 16));
  net.add(std::make_shared<nn::Tanh>());
  net.add(std::make_shared<nn::Linear>(16, 4));
  const Tensor inputs = uniform({32, 8}, -1, 1);
  const Tensor targets = argmax(slice(inputs, 1, 0, 4), {1});
  optim::AdamW optimizer(net.parameters(), 0.01);
  std::vector<double> result;
  auto move = moves.begin();
  for (int step = 0; step < 12; ++step) {
    if (move != moves.end() && move->first == step) net.to((move++)->second);
    const Tensor loss = nn::cross_entropy(net(inputs), targets);
    result.push_back(loss.item<double>());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  return result;
}

TEST_F(DeviceTest, AModelMovesBetweenStepsWithItsOptimizer) {
  const std::vector<double> at_home = losses({});
  EXPECT_EQ(losses({{0, "device"}}), at_home);
  EXPECT_EQ(losses({{3, "device:1"}, {6, "device"}, {9, "naive"}}), at_home);
}

TEST_F(DeviceTest, ParametersStayTheSameTensors) {
  nn::Linear layer(3, 2);
  const Tensor weight = layer.parameters()[0];
  sum(layer(x)).backward();
  layer.to("device:1");
  EXPECT_TRUE(layer.parameters()[0].is_same(weight));
  EXPECT_EQ(weight.device(), second);
  EXPECT_EQ(weight.grad().device(), second);
  EXPECT_EQ(layer(x).device(), second);
}

TEST_F(DeviceTest, AGradientLiesWhereItsTensorDoes) {
  const Tensor w = x.to("device").set_requires_grad();
  expect_error<AutogradError>(
      [&] {
        w.set_grad(ones({2, 3}));
      },
      "the gradient lies in cpu, the tensor in device:0");
  w.set_grad(ones({2, 3}).to("device"));
  EXPECT_EQ(w.grad().device(), first);
}

TEST_F(DeviceTest, AModelMovesBetweenForwardAndBackward) {
  set_fallback_policy(Fallback::allow);
  const auto trained = [&](bool moves) {
    manual_seed(7);
    nn::Sequential net;
    net.add(std::make_shared<nn::Linear>(3, 4));
    net.add(std::make_shared<nn::Linear>(4, 2));
    optim::SGD optimizer(net.parameters(), 0.01);
    Values weights;
    for (int step = 0; step < 3; ++step) {
      optimizer.zero_grad();
      const Tensor loss = sum(square(net(x)));
      if (moves && step == 1) net.to("device");
      loss.backward();
      for (const Tensor& parameter : net.parameters()) {
        EXPECT_EQ(parameter.grad().device(), parameter.device());
      }
      optimizer.step();
    }
    return net.parameters()[0].to_vector<float>();
  };
  EXPECT_EQ(trained(true), trained(false));
}

TEST_F(DeviceTest, ParametersAreCastWhereTheyLie) {
  nn::Linear layer(3, 2);
  layer.to("device");
  set_fallback_policy(Fallback::allow);
  const use_backend scope("naive");
  layer.to(DType::bfloat16);
  EXPECT_EQ(layer.parameters()[0].device(), first);
}

TEST_F(DeviceTest, DropoutDrawsWhereItsInputLies) {
  const Tensor there = x.to("device");
  Generator generator(3);
  const Tensor kept = nn::dropout(there, 0.5, true, generator);
  EXPECT_EQ(kept.device(), first);
  Generator again(3);
  EXPECT_EQ(kept.to_vector<float>(), nn::dropout(x, 0.5, true, again).to_vector<float>());
}

TEST_F(DeviceTest, WeightsOfALossGoToWhereTheScoresLie) {
  const Tensor labels = from_values<std::int64_t>({0, 2});
  const Tensor weight = from_values<float>({1, 2, 3});
  const nn::CrossEntropyOptions options{.weight = weight, .label_smoothing = 0.1};
  EXPECT_FLOAT_EQ(nn::cross_entropy(x.to("device"), labels, options).item<float>(),
                  nn::cross_entropy(x, labels, options).item<float>());
  const Tensor wanted = full({2, 3}, 0.5);
  const nn::BCEOptions both{.weight = weight, .pos_weight = weight};
  EXPECT_FLOAT_EQ(nn::binary_cross_entropy_with_logits(x.to("device"), wanted, both).item<float>(),
                  nn::binary_cross_entropy_with_logits(x, wanted, both).item<float>());
}

TEST_F(DeviceTest, LayersInSeveralMemoriesTrain) {
  manual_seed(7);
  nn::Sequential net;
  for (int i = 0; i < 3; ++i) net.add(std::make_shared<nn::Linear>(3, 3));
  const Tensor plain = net(x);
  net.get_module("0").to("device");
  net.get_module("2").to("device:1");
  const Tensor y = net(x);
  EXPECT_EQ(y.device(), second);
  EXPECT_EQ(y.to_vector<float>(), plain.to_vector<float>());
  sum(y).backward();
  for (const auto& [name, parameter] : net.named_parameters()) {
    EXPECT_EQ(parameter.grad().device(), parameter.device()) << name;
  }
}

TEST_F(DeviceTest, OptimizerStateIsLoadedToWhereTheParameterLies) {
  const Tensor there = x.to("device").set_requires_grad();
  optim::Adam optimizer({there}, 0.1);
  sum(there).backward();
  optimizer.step();
  optim::OptimizerState state = optimizer.state_dict();
  for (auto& [name, tensor] : state.tensors) tensor = tensor.to("cpu");
  optimizer.load_state_dict(state);
  optimizer.step();
  EXPECT_EQ(optimizer.state_dict().tensors[0].second.device(), first);
}

TEST_F(DeviceTest, StateIsLoadedFromTheHost) {
  nn::Linear layer(3, 2);
  const nn::StateDict state = nn::Linear(3, 2).state_dict();
  layer.to("device");
  layer.load_state_dict(state);
  EXPECT_EQ(layer.parameters()[0].to_vector<float>(), state[0].second.to_vector<float>());
}

TEST_F(DeviceTest, GradientsAreClippedWhereTheyLieInAnyScope) {
  const Tensor there = x.to("device").set_requires_grad();
  sum(there * 3.0).backward();
  const use_backend scope("naive");
  EXPECT_NEAR(optim::clip_grad_norm({there}, 1.0), 3 * std::sqrt(6.0), 1e-5);
  EXPECT_EQ(there.grad().device(), first);
  EXPECT_NEAR(there.grad().to_vector<float>()[0], 1 / std::sqrt(6.0), 1e-5);
}

TEST_F(DeviceTest, GradLiesWhereAMovedParameterDoes) {
  nn::Linear layer(3, 2);
  const Tensor loss = sum(layer(x));
  layer.to("device");
  set_fallback_policy(Fallback::allow);
  const Tensor weight = layer.parameters()[0];
  const Tensor gradient = grad(loss, {weight})[0];
  EXPECT_EQ(gradient.device(), first);
  EXPECT_EQ(gradient.to_vector<float>(), (Values{5, 7, 9, 5, 7, 9}));
}

// ---- data ----

TEST_F(DeviceTest, BatchesComeFromWhereTheImagesLie) {
  const ImageDataset dataset{astype(arange(5 * 4), DType::uint8), arange(5)};
  const ImageDataset images{reshape(dataset.images, {5, 2, 2}), dataset.labels};
  const Batches batches(images, {0.5, 0.25}, {.batch_size = 2, .seed = 3});
  const Values expected = batches.epoch(0)[0].images.to_vector<float>();
  set_default_backend("device");
  reset_transfer_counts();
  const Epoch epoch = batches.epoch(0);
  const Batch batch = epoch[0];
  EXPECT_EQ(batch.images.device(), first);
  EXPECT_EQ(batch.labels.device(), Device());
  EXPECT_EQ(batch.images.to_vector<float>(), expected);
  const Batches there({images.images.to("device"), images.labels.to("device")}, {0.5, 0.25},
                      {.batch_size = 2, .seed = 3});
  EXPECT_EQ(there.epoch(0)[0].images.to_vector<float>(), expected);
}

}  // namespace
}  // namespace tenon
