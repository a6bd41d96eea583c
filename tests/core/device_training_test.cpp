// A training step on each device that there is: what goes to and fro, and what becomes of it when a call fails.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/nn.h>
#include <tenon/ops.h>
#include <tenon/optim.h>
#include <tenon/random.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace tenon {
namespace {

// Before anything asks for a backend.
[[maybe_unused]] const int path_is_set = setenv("TENON_PLUGIN_PATH", TENON_TEST_EMULATION, 1);

constexpr std::int64_t kBatch = 16;
constexpr std::int64_t kPixels = 12;

// A network with its data on the host, and a step of training it.
struct Training {
  explicit Training(const std::string& backend) {
    set_default_backend(backend);
    manual_seed(5);
    const use_backend host("naive");
    images = uniform({kBatch, kPixels}, -1, 1);
    labels = argmax(images, {1});
    const use_backend device(backend);
    for (const std::int64_t width : {24, 12}) {
      const std::int64_t inputs = network.size() == 0 ? kPixels : 24;
      network.add(std::make_shared<nn::Linear>(inputs, width));
      if (width == 24) network.add(std::make_shared<nn::ReLU>());
    }
    optimizer = std::make_unique<optim::SGD>(network.parameters(), 0.1, optim::SGDOptions{.momentum = 0.9});
  }

  double step() {
    optimizer->zero_grad();
    const Tensor loss = nn::cross_entropy(network(images.to(current_device().name())), labels);
    loss.backward();
    optimizer->step();
    return loss.item<double>();
  }

  Tensor images;
  Tensor labels;
  nn::Sequential network;
  std::unique_ptr<optim::SGD> optimizer;
};

class DeviceTraining : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto found = std::ranges::find(listed(), std::string(GetParam()), &BackendInfo::name);
    if (found == listed().end() || !found->available) {
      GTEST_SKIP() << GetParam() << (found == listed().end() ? " was not built" : ": " + found->reason);
    }
    set_fallback_policy(Fallback::error);
  }
  ~DeviceTraining() override { set_fallback_policy(Fallback::warn); }

 private:
  static const std::vector<BackendInfo>& listed() {
    static const std::vector<BackendInfo> infos = backends();
    return infos;
  }
};

TEST_P(DeviceTraining, AStepTakesTheBatchAndGivesTheLoss) {
  Training training(GetParam());
  training.step();
  reset_transfer_counts();
  reset_op_counts();
  training.step();
  const TransferCounts counts = transfer_counts();
  EXPECT_EQ(counts.to_device.calls, 2U);
  EXPECT_EQ(counts.to_device.bytes, kBatch * kPixels * sizeof(float) + kBatch * sizeof(std::int64_t));
  EXPECT_EQ(counts.to_host.calls, 1U);
  EXPECT_EQ(counts.to_host.bytes, sizeof(float));
  EXPECT_EQ(counts.between_devices.calls, 0U);
  for (const OpCount& count : op_counts()) EXPECT_EQ(count.backend, GetParam()) << count.op;
}

TEST_P(DeviceTraining, GoesAsOnTheHost) {
  std::vector<double> there;
  std::vector<double> here;
  {
    Training training(GetParam());
    for (int i = 0; i < 30; ++i) there.push_back(training.step());
  }
  Training training("naive");
  for (int i = 0; i < 30; ++i) here.push_back(training.step());
  for (std::size_t i = 0; i < here.size(); ++i) EXPECT_NEAR(there[i], here[i], 1e-4 * here[i]) << i;
  EXPECT_LT(here.back(), 0.5 * here.front());
}

TEST_P(DeviceTraining, MemoryDoesNotGrow) {
  Training training(GetParam());
  for (int i = 0; i < 3; ++i) training.step();
  const MemoryStatistics before = current_device().statistics();
  for (int i = 0; i < 10; ++i) training.step();
  EXPECT_EQ(current_device().statistics().in_use, before.in_use);
  EXPECT_EQ(current_device().statistics().peak, before.peak);
}

INSTANTIATE_TEST_SUITE_P(Devices, DeviceTraining, testing::Values("opencl", "cuda-emulated"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tenon
