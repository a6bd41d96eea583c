// Where a call's work is queued: a stream of one device, the libraries' handles for it, and memory that is
// given back in the stream's own order.
#pragma once

#include "cuda/context.h"

#include <tenon/plugin/dtype.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <tuple>

namespace tenon::cuda {

/// What makes cuBLASLt choose an algorithm: dtype, transposes, m, n, k, leading dimensions, alignment of the bias.
using LtProblem = std::tuple<DType, cublasOperation_t, cublasOperation_t, int, int, int, int, int, int, int>;

/// What one host thread keeps for one device: its stream, and what must not be shared between threads.
class ThreadState {
 public:
  /// This thread's state for a device, made at first use, within a DeviceScope, and destroyed when the thread
  /// ends. Throws CudaError after that.
  static ThreadState& of(int device);

  explicit ThreadState(int device);
  ~ThreadState();
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;

  [[nodiscard]] const Context& context() const { return context_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] int multiprocessors() const { return multiprocessors_; }
  /// Made at first use.
  cublasHandle_t cublas();
  cublasLtHandle_t cublas_lt();

  /// The algorithms that cuBLASLt chose.
  std::map<LtProblem, cublasLtMatmulHeuristicResult_t> lt_algorithms;

 private:
  const Context& context_;
  int multiprocessors_ = 0;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t cublas_ = nullptr;
  cublasLtHandle_t cublas_lt_ = nullptr;
};

/// The place of one call. Owns nothing; for the thread that made it.
class Queue {
 public:
  /// On the thread's own stream where `stream` is null. There must be a DeviceScope.
  Queue(int device, void* stream)
      : state_(&ThreadState::of(device)),
        stream_(stream != nullptr ? static_cast<cudaStream_t>(stream) : state_->stream()) {}

  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  [[nodiscard]] ThreadState& state() const { return *state_; }
  /// Enough blocks of `threads` for `work` elements, but no more than keep the device busy: kernels stride.
  [[nodiscard]] unsigned blocks(std::int64_t work, int threads) const;

 private:
  ThreadState* state_;
  cudaStream_t stream_;
};

/// Device memory for the work that is queued between its two ends.
class Scratch {
 public:
  /// None if `bytes` is 0.
  Scratch(const Queue& queue, std::size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <typename T>
  [[nodiscard]] T* as() const {
    return static_cast<T*>(memory_);
  }

 private:
  cudaStream_t stream_;
  void* memory_ = nullptr;
};

}  // namespace tenon::cuda
