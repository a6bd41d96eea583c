#include "cuda/errors.h"

namespace tenon::cuda {
std::string describe(cudaError_t status, const char* function) {
  return std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ") from " + function;
}

std::string describe(cublasStatus_t status, const char* function) {
  return std::string(cublasGetStatusName(status)) + " (" + cublasGetStatusString(status) + ") from " +
         function;
}

void check(cudaError_t status, const char* function) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  if (status == cudaErrorMemoryAllocation) throw plugin::OutOfDeviceMemory(describe(status, function));
  throw CudaError(describe(status, function));
}

void check(cublasStatus_t status, const char* function) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  static_cast<void>(cudaGetLastError());  // cuBLAS leaves its CUDA error there
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw plugin::OutOfDeviceMemory(describe(status, function));
  throw CudaError(describe(status, function));
}

void log_warning(const std::string& text) {
  constexpr std::int32_t kWarning = 2;  // of tenon_host.log
  plugin::host->log(kWarning, ("[cuda] " + text).c_str());
}

namespace detail {

void log_failure(cudaError_t status, const char* function) noexcept try {
  static_cast<void>(cudaGetLastError());
  log_warning(describe(status, function));
} catch (const std::exception&) {
  return;  // no memory for the text
}

void log_failure(cublasStatus_t status, const char* function) noexcept try {
  static_cast<void>(cudaGetLastError());
  log_warning(describe(status, function));
} catch (const std::exception&) {
  return;
}

}  // namespace detail
}  // namespace tenon::cuda
