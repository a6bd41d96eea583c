// The API of cuda.h.
#include "failures.h"
#include "gpu.h"

#include <cuda.h>

#include <mutex>

using namespace tenon::emulation;  // NOLINT: the API is this file's whole subject

namespace {

template <typename F>
CUresult api(CUresult failure, F&& f, const char* function = __builtin_FUNCTION()) {
  if (const int status = strike(function, failure)) return static_cast<CUresult>(status);
  const std::lock_guard lock(gpu_mutex());
  return f();
}

}  // namespace

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice index) {
  return api(CUDA_ERROR_OUT_OF_MEMORY, [&] {
    if (index < 0 || index >= device_count()) return CUDA_ERROR_INVALID_DEVICE;
    if (const cudaError_t error = make_context(index); error != cudaSuccess)
      return static_cast<CUresult>(error);  // they are numbered alike
    *context = &device(index).context;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  return api(CUDA_ERROR_UNKNOWN, [&] {
    *context = current_context();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return api(CUDA_ERROR_UNKNOWN, [&] {
    if (context != nullptr && !device(context->device).has_context) return CUDA_ERROR_INVALID_CONTEXT;
    set_current_context(context);
    return CUDA_SUCCESS;
  });
}
