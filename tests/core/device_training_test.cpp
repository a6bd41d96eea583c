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
[[maybe_unused]] const int layer_is_set = setenv("OPENCL_LAYERS", TENON_TEST_OPENCL_LAYER, 1);

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

// The switches by which the library under a backend fails: of the emulation of CUDA, or of the layer under OpenCL.
class FailingLibrary {
 public:
  // The backend is open.
  explicit FailingLibrary(const std::string& backend)
      : is_opencl_(backend == "opencl"),
        module_(dlopen(
            is_opencl_ ? TENON_TEST_OPENCL_LAYER : TENON_TEST_EMULATION "/tenon-backend-cuda-emulated.so",
            RTLD_NOW | RTLD_NOLOAD)) {}
  [[nodiscard]] bool is_there() const { return module_ != nullptr; }
  void fail_at(long n) const { function<void(long)>("fail_at")(n); }
  [[nodiscard]] long calls() const { return function<long()>("calls")(); }
  [[nodiscard]] std::size_t live_bytes() const { return function<std::size_t()>("live_bytes")(); }
  [[nodiscard]] long live_handles() const { return function<long()>("live_handles")(); }

 private:
  template <typename F>
  [[nodiscard]] F* function(const std::string& name) const {
    const std::string prefix = is_opencl_ ? "tenon_opencl_layer_" : "tenon_cuda_emulation_";
    return reinterpret_cast<F*>(dlsym(module_, (prefix + name).c_str()));
  }
  bool is_opencl_;
  void* module_;
};

TEST_P(DeviceTraining, EveryCallOfAStepMayFailOnceAndTheNextStepGivesTheRightLoss) {
  Training training(GetParam());
  const FailingLibrary library(GetParam());
  if (!library.is_there()) GTEST_SKIP() << "its library was not made to fail";
  const Device device = current_device();
  for (int i = 0; i < 2; ++i) training.step();
  nn::StateDict state = training.network.state_dict();
  for (auto& [name, value] : state) value = value.to("naive");
  const auto restore = [&] {
    training.network.load_state_dict(state);
    training.optimizer->zero_grad();
    device.release_cache();
  };
  restore();
  const double loss = training.step();
  restore();
  const long before = library.calls();
  training.step();
  const long calls = library.calls() - before;
  EXPECT_GT(calls, 50);

  // A backend to which memory is refused gives back what it has in reserve.
  const auto drop_reserve = [&] {
    restore();
    library.fail_at(1);
    try {
      (void)zeros({1});
    } catch (const Error&) {
    }
    library.fail_at(0);
    device.release_cache();
  };
  drop_reserve();
  const std::size_t held = device.statistics().in_use;
  const std::size_t live = library.live_bytes();
  const long handles = library.live_handles();
  long errors = 0;
  for (long n = 1; n <= calls; ++n) {
    SCOPED_TRACE(n);
    restore();
    library.fail_at(n);
    try {
      // What fails while memory is given back leaves nothing undone, and is no error.
      EXPECT_EQ(training.step(), loss);
    } catch (const Error& error) {
      ++errors;
      const std::string text = error.what();
      EXPECT_TRUE(text.find("cu") != std::string::npos || text.find(": CL_") != std::string::npos) << text;
    }
    library.fail_at(0);
    restore();
    EXPECT_EQ(training.step(), loss);
    drop_reserve();
    EXPECT_EQ(device.statistics().in_use, held);
    EXPECT_EQ(library.live_bytes(), live);
    EXPECT_EQ(library.live_handles(), handles);
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
