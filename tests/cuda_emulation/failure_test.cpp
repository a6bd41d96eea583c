// What the backend does when CUDA fails: every call of the API in turn, once; and on machines that have no
// device for it.
#include "backend_under_test.h"

#include <gtest/gtest.h>

#include <thread>

namespace tenon::emulation {
namespace {

constexpr DLDataType kFloat32 = {kDLFloat, 32, 1};
constexpr DLDataType kBfloat16 = {kDLBfloat, 16, 1};
constexpr DLDataType kInt64 = {kDLInt, 64, 1};

/// Whether the text names a CUDA or cuBLAS status and the function that gave it.
bool names_a_failure(const std::string& text) {
  const bool status = text.find("cudaError") == 0 || text.find("CUBLAS_STATUS_") == 0;
  return status && text.find(") from c") != std::string::npos;
}

/// A number of steps, of which the first that fails ends it.
class Steps {
 public:
  void then(const Outcome& outcome) {
    if (failed_.status == TENON_OK) failed_ = outcome;
  }
  template <typename Step>
  void then_do(Step&& step) {
    if (failed_.status == TENON_OK) then(step());
  }
  [[nodiscard]] const Outcome& failed() const { return failed_; }

 private:
  Outcome failed_;
};

/// What a layer, a loss and a move between devices ask of a backend: y = relu(x w + b), a product in bfloat16
/// with an activation, rows of y picked by an index, an einsum that copies, softmax and a sum, `total`.
Outcome run_sequence(const BackendUnderTest& backend, float& total) {
  const DeviceTensor x(backend, 0, kFloat32, {4, 64});
  const DeviceTensor w(backend, 0, kFloat32, {64, 64});
  const DeviceTensor bias(backend, 0, kFloat32, {64});
  const DeviceTensor y(backend, 0, kFloat32, {4, 64});
  const DeviceTensor narrow(backend, 0, kBfloat16, {4, 64});
  const DeviceTensor index(backend, 0, kInt64, {4, 64});
  const DeviceTensor picked(backend, 0, kFloat32, {4, 64});
  const DeviceTensor there(backend, 1, kFloat32, {4, 64});
  const DeviceTensor sum(backend, 0, kFloat32, {1, 1});
  for (const DeviceTensor* const each : {&x, &w, &bias, &y, &narrow, &index, &picked, &there, &sum}) {
    if (each->memory() == nullptr) return {TENON_OUT_OF_MEMORY, take_error()};
  }
  Steps steps;
  const std::vector<float> ones(64 * 64, 1);
  const std::vector<std::int64_t> rows(4 * 64, 2);
  steps.then_do([&] { return x.write(ones.data()); });
  steps.then_do([&] { return w.write(ones.data()); });
  steps.then_do([&] { return bias.write(ones.data()); });
  steps.then_do([&] { return index.write(rows.data()); });

  std::int64_t repeated[] = {0, 1};
  std::int64_t matrix[] = {4, 64};
  DLTensor row = bias.tensor();
  row.ndim = 2;
  row.shape = matrix;
  row.strides = repeated;
  const tenon_matmul_attributes linear = {sizeof(linear), TENON_UNARY_RELU, {1, 1}, {0, 0}};
  const tenon_matmul_attributes smooth = {sizeof(smooth), TENON_UNARY_TANH, {1, 1}, {0, 0}};
  steps.then_do([&] {
    return run(backend, TENON_OP_MATMUL, {x.tensor(), w.tensor(), row}, y.tensor(), &linear);
  });
  DLTensor narrow_x = narrow.tensor();
  steps.then_do([&] { return run(backend, TENON_OP_COPY, {y.tensor()}, narrow.tensor(), nullptr); });
  DLTensor square = w.tensor();
  square.dtype = kBfloat16;
  steps.then_do([&] {
    DLTensor out = picked.tensor();
    out.dtype = kBfloat16;
    return run(backend, TENON_OP_MATMUL, {narrow_x, square}, out, &smooth);
  });
  const tenon_index_attributes gather = {sizeof(gather), TENON_INDEX_GATHER, 0};
  steps.then_do([&] {
    return run(backend, TENON_OP_INDEX, {y.tensor(), index.tensor()}, picked.tensor(), &gather);
  });
  steps.then_do([&] { return there.copy(picked); });
  steps.then_do([&] { return picked.copy(there); });
  // The strides of x fit no matrix of cuBLAS's; "abc,c->ab" over (2, 2, 64).
  std::int64_t cut[] = {2, 2, 64};
  std::int64_t cut_strides[] = {64, 128, 1};
  DLTensor pieces = picked.tensor();
  pieces.ndim = 3;
  pieces.shape = cut;
  pieces.strides = cut_strides;
  std::int64_t pair[] = {2, 2};
  std::int64_t pair_strides[] = {2, 1};
  DLTensor sums = x.tensor();
  sums.ndim = 2;
  sums.shape = pair;
  sums.strides = pair_strides;
  const tenon_einsum_attributes einsum = {sizeof(einsum), {{0, 1, 2}, {2}, {0, 1}}};
  steps.then_do([&] { return run(backend, TENON_OP_EINSUM, {pieces, bias.tensor()}, sums, &einsum); });
  const tenon_softmax_attributes softmax = {sizeof(softmax), TENON_SOFTMAX_SOFTMAX, 1};
  steps.then_do([&] { return run(backend, TENON_OP_SOFTMAX, {picked.tensor()}, y.tensor(), &softmax); });
  const tenon_reduce_attributes reduce = {sizeof(reduce), TENON_REDUCE_SUM, 3};
  steps.then_do([&] { return run(backend, TENON_OP_REDUCE, {sums}, sum.tensor(), &reduce); });
  steps.then_do([&] { return sum.read(&total); });
  return steps.failed();
}

// x w + b is 65 everywhere; einsum makes 64 * 65 of each of four rows.
constexpr float kTotal = 4 * 64 * 65;

TEST(Failures, EachCallInTurnEndsInAnErrorAndNothingElse) {
  BackendUnderTest backend;
  float total = 0;
  // The first run on a thread makes what the thread keeps, so each is on a thread of its own.
  const auto on_a_thread = [&](Outcome& outcome) {
    std::thread([&] { outcome = run_sequence(backend, total); }).join();
  };
  Outcome outcome;
  on_a_thread(outcome);
  ASSERT_EQ(outcome.status, TENON_OK) << outcome.error;
  ASSERT_EQ(total, kTotal);
  const std::size_t bytes = switches().live_bytes();
  const long handles = switches().live_handles();
  const long before = switches().calls();
  on_a_thread(outcome);
  const long count = switches().calls() - before;
  ASSERT_GT(count, 100);

  long errors = 0;
  for (long failing = 1; failing <= count; ++failing) {
    SCOPED_TRACE("call " + std::to_string(failing) + " of " + std::to_string(count));
    switches().fail_at(failing);
    on_a_thread(outcome);
    if (outcome.status != TENON_OK) {
      ++errors;
      EXPECT_TRUE(names_a_failure(outcome.error)) << outcome.error;
      EXPECT_TRUE(outcome.status == TENON_FAILED || outcome.status == TENON_OUT_OF_MEMORY) << outcome.status;
    } else {
      EXPECT_EQ(total, kTotal) << "OK with a wrong result";
    }
    switches().fail_at(0);
    EXPECT_EQ(switches().live_bytes(), bytes);
    EXPECT_EQ(switches().live_handles(), handles);
    on_a_thread(outcome);
    EXPECT_EQ(outcome.status, TENON_OK) << "the next attempt: " << outcome.error;
    EXPECT_EQ(total, kTotal);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  // What gives memory and handles back has done so where it fails, and the call goes on.
  EXPECT_GT(errors, count / 2);
}

/// Copies at the end of its thread, after the destruction of what the thread has made later.
struct CopiesAtTheEnd {
  const DeviceTensor* tensor = nullptr;
  Outcome* outcome = nullptr;

  ~CopiesAtTheEnd() {
    if (tensor == nullptr) return;
    float value = 0;
    *outcome = tensor->read(&value);
  }
};

TEST(Failures, AnOpAfterTheEndOfItsThreadIsAnError) {
  const BackendUnderTest backend;
  const DeviceTensor tensor(backend, 0, kFloat32, {1});
  Outcome before;
  Outcome after;
  std::thread([&] {
    thread_local CopiesAtTheEnd last;
    last.tensor = &tensor;
    last.outcome = &after;
    float value = 0;
    before = tensor.read(&value);
  }).join();
  EXPECT_EQ(before.error, "");
  EXPECT_EQ(after.status, TENON_FAILED);
  EXPECT_EQ(after.error.find("the thread has ended"), 0U) << after.error;
}

TEST(Failures, MemoryThatIsNotThereIsSaidSo) {
  BackendUnderTest backend;
  void* memory = nullptr;
  EXPECT_EQ(backend.table().allocate(backend.get(), 0, std::size_t{1} << 40, &memory), TENON_OUT_OF_MEMORY);
  EXPECT_EQ(take_error(), "cudaErrorMemoryAllocation (out of memory) from cudaMallocFromPoolAsync");
}

struct Described {
  std::int32_t score;
  std::int32_t devices;
  std::string reason;
};

/// What a backend says that is created on such a machine.
Described on_machine(const Machine& machine) {
  *switches().machine = machine;
  const BackendUnderTest backend;
  const std::int32_t score = backend.table().score(backend.get());
  Described described = {score, backend.table().device_count(backend.get()), take_error()};
  *switches().machine = {};
  return described;
}

TEST(Machines, WithoutADevice) {
  const Described described = on_machine({.devices = 0});
  EXPECT_EQ(described.score, 0);
  EXPECT_EQ(described.devices, 0);
  EXPECT_EQ(described.reason,
            "cudaErrorNoDevice (no CUDA-capable device is detected) from cudaGetDeviceCount; see whether "
            "nvidia-smi "
            "lists a device and what CUDA_VISIBLE_DEVICES hides");
}

TEST(Machines, WithADriverOlderThanTheToolkit) {
  const Described described = on_machine({.driver_version = 12040});
  EXPECT_EQ(described.score, 0);
  EXPECT_EQ(
      described.reason,
      "cudaErrorInsufficientDriver (CUDA driver version is insufficient for CUDA runtime version) from "
      "cudaGetDeviceCount; the driver speaks CUDA 12.4, this plugin needs CUDA 13.0: update the driver, or "
      "rebuild with an older toolkit");
}

TEST(Machines, WithADeviceThatIsTooOld) {
  const Described described = on_machine({.devices = 1, .compute_capability = {75, 90}});
  EXPECT_EQ(described.score, 0);
  EXPECT_NE(described.reason.find("has compute capability 7.5, for which no kernels are compiled"),
            std::string::npos)
      << described.reason;
}

TEST(Machines, WithADeviceThatIsNewerThanTheMachineCode) {
  EXPECT_GT(on_machine({.devices = 1, .compute_capability = {86, 90}}).score, 0);
  EXPECT_GT(on_machine({.devices = 1, .compute_capability = {120, 90}}).score, 0) << "through PTX";
}

TEST(Machines, WithoutMemoryPools) {
  const Described described =
      on_machine({.devices = 1, .compute_capability = {80, 90}, .memory_pools = false});
  EXPECT_EQ(described.score, 0);
  EXPECT_NE(described.reason.find("memory pools"), std::string::npos) << described.reason;
}

TEST(Machines, WithASecondDeviceThatIsTooOld) {
  const Described described = on_machine({.compute_capability = {90, 75}});
  EXPECT_EQ(described.score, 100);
  EXPECT_EQ(described.devices, 1);
  const std::string said = take_log();
  EXPECT_NE(said.find("device 1 has compute capability 7.5, for which no kernels are compiled"),
            std::string::npos)
      << said;
}

TEST(Machines, WithTwoDevices) {
  const Described described = on_machine({});
  EXPECT_EQ(described.score, 100);
  EXPECT_EQ(described.devices, 2);
}

}  // namespace
}  // namespace tenon::emulation
