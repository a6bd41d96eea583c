#include "cuda/queue.h"

#include <tenon/plugin/backend.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tenon::cuda {
namespace {

/// A handle of cuBLAS or cuBLASLt, which take memory from the device. Where it has none, they say that they
/// were not initialized, or that an allocation failed.
template <typename Handle>
Handle create(const Context& context, cublasStatus_t (*create_handle)(Handle*), const char* function) {
  const auto lacks_memory = [](cublasStatus_t status) {
    return status == CUBLAS_STATUS_NOT_INITIALIZED || status == CUBLAS_STATUS_ALLOC_FAILED;
  };
  Handle made = nullptr;
  cublasStatus_t status = create_handle(&made);
  if (lacks_memory(status)) {
    context.trim_pool();
    status = create_handle(&made);
  }
  if (lacks_memory(status)) throw plugin::OutOfDeviceMemory(describe(status, function));
  check(status, function);
  return made;
}

// No object with a destructor, so that it can be read after those were destroyed.
thread_local bool thread_has_ended = false;

struct ThreadStates {
  std::vector<std::unique_ptr<ThreadState>> of_devices;

  ~ThreadStates() { thread_has_ended = true; }
};

}  // namespace

ThreadState& ThreadState::of(int device) {
  if (thread_has_ended) {
    throw CudaError("the thread has ended: static objects, which are destroyed later, cannot use a device");
  }
  thread_local ThreadStates states;
  const auto index = static_cast<std::size_t>(device);
  auto& all = states.of_devices;
  if (all.size() <= index) all.resize(index + 1);
  if (!all[index]) all[index] = std::make_unique<ThreadState>(device);
  return *all[index];
}

ThreadState::ThreadState(int device) : context_(Context::of(device)) {
  check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device),
        "cudaDeviceGetAttribute");
  // Non-blocking: the legacy default stream, which the host's other code may use, must not hold it up.
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}

ThreadState::~ThreadState() {
  const DeviceScope scope(context_, std::nothrow);
  if (cublas_ != nullptr) release_quietly("cublasDestroy", [this] { return cublasDestroy(cublas_); });
  if (cublas_lt_ != nullptr)
    release_quietly("cublasLtDestroy", [this] { return cublasLtDestroy(cublas_lt_); });
  release_quietly("cudaStreamDestroy", [this] { return cudaStreamDestroy(stream_); });
}

cublasHandle_t ThreadState::cublas() {
  if (cublas_ == nullptr) {
    const cublasHandle_t made = create(context_, cublasCreate, "cublasCreate");
    // bfloat16 sums stay in float32 where cuBLAS cuts the summed extent, too.
    const cublasStatus_t status = cublasSetMathMode(
        made,
        static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION));
    if (status != CUBLAS_STATUS_SUCCESS) {
      release_quietly("cublasDestroy", [&] { return cublasDestroy(made); });
      check(status, "cublasSetMathMode");
    }
    cublas_ = made;
  }
  return cublas_;
}

cublasLtHandle_t ThreadState::cublas_lt() {
  if (cublas_lt_ == nullptr) cublas_lt_ = create(context_, cublasLtCreate, "cublasLtCreate");
  return cublas_lt_;
}

unsigned Queue::blocks(std::int64_t work, int threads) const {
  constexpr int kBlocksPerMultiprocessor = 16;  // a few waves, so that the last one's tail is short
  const std::int64_t wanted = (work + threads - 1) / threads;
  const std::int64_t most = std::int64_t{state_->multiprocessors()} * kBlocksPerMultiprocessor;
  return static_cast<unsigned>(std::clamp<std::int64_t>(wanted, 1, most));
}

Scratch::Scratch(const Queue& queue, std::size_t bytes) : stream_(queue.stream()) {
  if (bytes == 0) return;
  check(cudaMallocFromPoolAsync(&memory_, bytes, queue.state().context().pool(), stream_),
        "cudaMallocFromPoolAsync");
}

Scratch::~Scratch() {
  if (memory_ != nullptr) {
    release_quietly("cudaFreeAsync", [this] { return cudaFreeAsync(memory_, stream_); });
  }
}

}  // namespace tenon::cuda
