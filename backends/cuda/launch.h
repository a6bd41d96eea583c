// The one place where kernels are launched. A function, not <<<...>>>, so that any C++ compiler can read it.
#pragma once

#include "cuda/queue.h"

#include <utility>

namespace tenon::cuda {

inline constexpr int kBlockThreads = 256;

/// Queues kernel(args...). Throws CudaError.
template <typename... Params, typename... Args>
void launch(const Queue& queue, void (*kernel)(Params...), dim3 grid, dim3 block, Args&&... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = queue.stream();
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Args>(args)...), "cudaLaunchKernelEx");
}

}  // namespace tenon::cuda
