// The APIs of cublas_v2.h and cublasLt.h.
#include "failures.h"
#include "gpu.h"
#include "product.h"

#include <cublasLt.h>

#include <cstring>
#include <set>

struct cublasContext {
  int device = 0;
  cudaStream_t stream = nullptr;
};
struct cublasLtContext {
  int device = 0;
};
struct cublasLtMatmulDescOpaque {
  cublasComputeType_t compute;
  cublasOperation_t op_a = CUBLAS_OP_N;
  cublasOperation_t op_b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
};
struct cublasLtMatrixLayoutOpaque {
  cudaDataType type;
  std::int64_t rows, columns, ld;
};
struct cublasLtMatmulPreferenceOpaque {
  std::uint64_t workspace = 0;
};

namespace tenon::emulation {
namespace {

std::set<void*>& handles() {
  static auto* const alive = new std::set<void*>;
  return *alive;
}

template <typename F>
cublasStatus_t api(cublasStatus_t failure, F&& f, const char* function = __builtin_FUNCTION()) {
  if (const int status = strike(function, failure)) return static_cast<cublasStatus_t>(status);
  const std::lock_guard lock(gpu_mutex());
  return f();
}

template <typename Handle, typename... Args>
cublasStatus_t make(const char* function, Handle* handle, Args... args) {
  return api(
      CUBLAS_STATUS_ALLOC_FAILED,
      [&] {
        *handle = new std::remove_pointer_t<Handle>{args...};
        handles().insert(*handle);
        count_handle(1);
        return CUBLAS_STATUS_SUCCESS;
      },
      function);
}

/// For what belongs to a device: the thread's, which has a context from now on.
template <typename Handle>
cublasStatus_t make_on_device(const char* function, Handle* handle) {
  if (use_context() != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  return make(function, handle, current_device());
}

/// It is gone even where a failure is reported, which may be one of earlier work.
template <typename Handle>
cublasStatus_t destroy(Handle handle, const char* function = __builtin_FUNCTION()) {
  const int status = strike(function, CUBLAS_STATUS_INTERNAL_ERROR);
  const std::lock_guard lock(gpu_mutex());
  if (handles().erase(handle) == 0) destroyed_twice("a handle");
  delete handle;
  count_handle(-1);
  return static_cast<cublasStatus_t>(status);
}

/// Reads an attribute that has just the size of `to`.
template <typename T>
cublasStatus_t read(T& to, const void* value, std::size_t bytes) {
  if (bytes != sizeof(T)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

/// In bytes, up to 256.
std::uint64_t alignment_of(const void* data) {
  const auto address = reinterpret_cast<std::uintptr_t>(data) | 256U;
  return address & -address;
}

}  // namespace
}  // namespace tenon::emulation

using namespace tenon::emulation;  // NOLINT: the API is this file's whole subject

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      break;
  }
  return "CUBLAS_STATUS_NOT_SUPPORTED";
}

const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "success" : "an operation failed inside the library";
}

cublasStatus_t cublasGetProperty(libraryPropertyType part, int* value) {
  return api(CUBLAS_STATUS_INTERNAL_ERROR, [&] {
    *value = part == MAJOR_VERSION ? kRuntimeVersion / 1000 : 0;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasCreate(cublasHandle_t* handle) { return make_on_device(__func__, handle); }
cublasStatus_t cublasDestroy(cublasHandle_t handle) { return destroy(handle); }

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  return api(CUBLAS_STATUS_INTERNAL_ERROR, [&] {
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) {
  return api(CUBLAS_STATUS_INTERNAL_ERROR, [] { return CUBLAS_STATUS_SUCCESS; });
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t op_a,
                                          cublasOperation_t op_b, int m, int n, int k, const void* alpha,
                                          const void* a, cudaDataType a_type, int lda, long long a_stride,
                                          const void* b, cudaDataType b_type, int ldb, long long b_stride,
                                          const void* beta, void* c, cudaDataType c_type, int ldc,
                                          long long c_stride, int count, cublasComputeType_t compute,
                                          cublasGemmAlgo_t) {
  return api(CUBLAS_STATUS_EXECUTION_FAILED, [&] {
    if (handle->device != current_device()) return CUBLAS_STATUS_EXECUTION_FAILED;
    return queue_product(handle->stream, {m,
                                          n,
                                          k,
                                          {a, a_type, op_a, lda, a_stride},
                                          {b, b_type, op_b, ldb, b_stride},
                                          c,
                                          c_type,
                                          ldc,
                                          c_stride,
                                          count,
                                          scalar(alpha, compute),
                                          scalar(beta, compute),
                                          nullptr});
  });
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) { return make_on_device(__func__, handle); }
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return destroy(handle); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* made, cublasComputeType_t compute,
                                        cudaDataType) {
  return make(__func__, made, compute);
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) { return destroy(desc); }

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              std::size_t bytes) {
  return api(CUBLAS_STATUS_INVALID_VALUE, [&] {
    switch (attribute) {
      case CUBLASLT_MATMUL_DESC_TRANSA:
        return read(desc->op_a, value, bytes);
      case CUBLASLT_MATMUL_DESC_TRANSB:
        return read(desc->op_b, value, bytes);
      case CUBLASLT_MATMUL_DESC_EPILOGUE:
        return read(desc->epilogue, value, bytes);
      case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        return read(desc->bias, value, bytes);
    }
    return CUBLAS_STATUS_INVALID_VALUE;
  });
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* made, cudaDataType type, std::uint64_t rows,
                                          std::uint64_t columns, std::int64_t ld) {
  return make(__func__, made, type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), ld);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) { return destroy(layout); }

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* made) {
  return make(__func__, made);
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
  return api(CUBLAS_STATUS_INVALID_VALUE, [&] {
    if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
      return read(preference->workspace, value, bytes);
    std::uint32_t number = 0;
    return read(number, value, bytes);
  });
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t results[], int* found) {
  return api(CUBLAS_STATUS_INTERNAL_ERROR, [&] {
    if (most < 1) return CUBLAS_STATUS_INVALID_VALUE;
    constexpr std::size_t kWanted = 1024;  // any number: cublasLtMatmul insists on it
    results[0] = {};
    results[0].workspaceSize = preference->workspace < kWanted ? preference->workspace : kWanted;
    results[0].algo.data[0] = results[0].workspaceSize;
    results[0].algo.data[1] = alignment_of(desc->bias);
    *found = 1;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
  return api(CUBLAS_STATUS_EXECUTION_FAILED, [&] {
    if (handle->device != current_device()) return CUBLAS_STATUS_EXECUTION_FAILED;
    if (c != d || workspace_bytes < algorithm->data[0] || (workspace_bytes != 0 && workspace == nullptr)) {
      return CUBLAS_STATUS_INVALID_VALUE;
    }
    const bool has_bias = desc->epilogue == CUBLASLT_EPILOGUE_BIAS;
    if (has_bias != (desc->bias != nullptr)) return CUBLAS_STATUS_INVALID_VALUE;
    if (has_bias && alignment_of(desc->bias) < algorithm->data[1]) return CUBLAS_STATUS_NOT_SUPPORTED;
    const std::int64_t k = desc->op_a == CUBLAS_OP_N ? a_layout->columns : a_layout->rows;
    return queue_product(stream, {d_layout->rows,
                                  d_layout->columns,
                                  k,
                                  {a, a_layout->type, desc->op_a, a_layout->ld, 0},
                                  {b, b_layout->type, desc->op_b, b_layout->ld, 0},
                                  d,
                                  d_layout->type,
                                  d_layout->ld,
                                  0,
                                  1,
                                  scalar(alpha, desc->compute),
                                  scalar(beta, desc->compute),
                                  has_bias ? desc->bias : nullptr});
  });
}
