// CUDA's status codes as exceptions that carry the error's name: "cudaErrorIllegalAddress (an illegal memory
// access was encountered) from cudaMemcpyAsync".
#pragma once

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <tenon/plugin/backend.hpp>

#include <stdexcept>
#include <string>

namespace tenon::cuda {

/// Any failure but a lack of memory; becomes TENON_FAILED.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string describe(cudaError_t status, const char* function);
std::string describe(cublasStatus_t status, const char* function);

/// Throws plugin::OutOfDeviceMemory or CudaError if `status` is an error, and takes it from the thread's last
/// error, so that the next call does not report it again.
void check(cudaError_t status, const char* function);
void check(cublasStatus_t status, const char* function);

/// Runs a step of a call. What finds no memory is called again by the host, which would be wrong for an
/// output that is updated once it `is_touched`: then it is a CudaError.
template <typename Step>
void run_step(bool is_touched, Step&& step) {
  try {
    step();
  } catch (const plugin::OutOfDeviceMemory& error) {
    if (is_touched) throw CudaError(error.what());
    throw;
  }
}

void log_warning(const std::string& text);

/// For destructors: logs what `release` fails with. It is not called again: what it reports may be the
/// failure of earlier work, and the handle be gone.
template <typename Release>
void release_quietly(const char* function, Release&& release) noexcept;

namespace detail {
void log_failure(cudaError_t status, const char* function) noexcept;
void log_failure(cublasStatus_t status, const char* function) noexcept;
}  // namespace detail

template <typename Release>
void release_quietly(const char* function, Release&& release) noexcept {
  using Status = decltype(release());
  if (const Status status = release(); status != Status{}) detail::log_failure(status, function);
}

}  // namespace tenon::cuda
