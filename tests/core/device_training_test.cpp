// A training step on each device that there is: what goes to and fro, and what becomes of it when a call fails.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/nn.h>
#include <tenon/ops.h>
#include <tenon/optim.h>
#include <tenon/random.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
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

// The emulation's own switches.
class Emulation {
 public:
  Emulation()
      : module_(dlopen(TENON_TEST_EMULATION "/tenon-backend-cuda-emulated.so", RTLD_NOW | RTLD_NOLOAD)) {}
  [[nodiscard]] bool is_there() const { return module_ != nullptr; }
  void fail_at(long n) const { function<void(long)>("tenon_cuda_emulation_fail_at")(n); }
  [[nodiscard]] long calls() const { return function<long()>("tenon_cuda_emulation_calls")(); }
  [[nodiscard]] std::size_t live_bytes() const {
    return function<std::size_t()>("tenon_cuda_emulation_live_bytes")();
  }
  [[nodiscard]] long live_handles() const { return function<long()>("tenon_cuda_emulation_live_handles")(); }

 private:
  template <typename F>
  [[nodiscard]] F* function(const char* name) const {
    return reinterpret_cast<F*>(dlsym(module_, name));
  }
  void* module_;
};

TEST(EmulatedCuda, EveryCallOfAStepMayFailOnceAndTheNextStepWorks) {
  const std::vector<BackendInfo> found = backends();  // opens it
  const Emulation emulation;
  if (!emulation.is_there()) GTEST_SKIP() << "cuda-emulated was not built";
  Training training("cuda-emulated");
  const Device device = current_device();
  for (int i = 0; i < 2; ++i) training.step();
  device.release_cache();
  const long before = emulation.calls();
  training.step();
  const long calls = emulation.calls() - before;
  EXPECT_GT(calls, 50);
  training.optimizer->zero_grad();
  device.release_cache();
  const std::size_t held = device.statistics().in_use;
  const std::size_t live = emulation.live_bytes();
  const long handles = emulation.live_handles();
  long errors = 0;
  for (long n = 1; n <= calls; ++n) {
    emulation.fail_at(n);
    try {
      // What fails while memory is given back leaves nothing undone, and is no error.
      EXPECT_TRUE(std::isfinite(training.step()));
    } catch (const Error& error) {
      ++errors;
      EXPECT_NE(std::string(error.what()).find("cu"), std::string::npos) << error.what();
    }
    emulation.fail_at(0);
    EXPECT_TRUE(std::isfinite(training.step())) << n;
    training.optimizer->zero_grad();
    device.release_cache();
    EXPECT_EQ(device.statistics().in_use, held) << n;
    EXPECT_EQ(emulation.live_bytes(), live) << n;
    EXPECT_EQ(emulation.live_handles(), handles) << n;
  }
  EXPECT_GT(errors, calls / 2);
}

// Drivers have threads of their own that work on while the process ends.
TEST_P(DeviceTraining, AProcessMayEndWithWorkQueued) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto queue_and_exit = [] {
    const use_backend scope(GetParam());
    const NoGrad no_grad;
    const Tensor x = uniform({64, 64});
    for (const Tensor& y : {exp(x), matmul(x, x), sum(x, {0}), softmax(x), erf(x)}) (void)(y + 1);
    std::exit(0);
  };
  EXPECT_EXIT(queue_and_exit(), testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Devices, DeviceTraining, testing::Values("opencl", "cuda-emulated"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tenon
