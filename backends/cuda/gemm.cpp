#include "cuda/gemm.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <string_view>

namespace tenon::cuda {

std::optional<Layout> layout_of(const Matrix& m) {
  // A single row or column has no stride that counts.
  const bool row_major =
      (m.column_stride == 1 || m.columns == 1) && (m.row_stride >= m.columns || m.rows == 1);
  const bool column_major = (m.row_stride == 1 || m.rows == 1) && (m.column_stride >= m.rows || m.columns == 1);
  if (!row_major && !column_major) return std::nullopt;
  const std::int64_t length = row_major ? m.columns : m.rows;
  const std::int64_t lines = row_major ? m.rows : m.columns;
  const std::int64_t stride = row_major ? m.row_stride : m.column_stride;
  const std::int64_t ld = lines == 1 ? length : stride;
  if (ld > INT_MAX) return std::nullopt;
  return Layout{row_major, static_cast<int>(std::max<std::int64_t>(ld, 1))};
}

bool uses_tf32() {
  static const bool asked_for = [] {
    const char* const value = std::getenv("TENON_CUDA_TF32");
    return value != nullptr && std::string_view(value) == "1";
  }();
  return asked_for;
}

ColumnMajor column_major(const Matrix& a, const Matrix& b, const Matrix& c) {
  // Row-major memory read as column-major holds the transpose, and (a b)' = b' a'.
  const Layout left = *layout_of(b);
  const Layout right = *layout_of(a);
  return {&b,
          &a,
          left.is_row_major ? CUBLAS_OP_N : CUBLAS_OP_T,
          right.is_row_major ? CUBLAS_OP_N : CUBLAS_OP_T,
          static_cast<int>(c.columns),
          static_cast<int>(c.rows),
          static_cast<int>(a.columns),
          left.ld,
          right.ld,
          layout_of(c)->ld};
}

cudaDataType data_type(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return CUDA_R_64F;
    case DType::bfloat16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_32F;
  }
}

cublasComputeType_t compute_type(DType dtype) {
  if (dtype == DType::float64) return CUBLAS_COMPUTE_64F;
  return dtype == DType::float32 && uses_tf32() ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

void multiply(const Queue& queue, double alpha, const Matrix& a, const Matrix& b, double beta, const Matrix& c,
              int count) {
  if (!layout_of(c)->is_row_major) {
    multiply(queue, alpha, b.transposed(), a.transposed(), beta, c.transposed(), count);
    return;
  }
  const ColumnMajor call = column_major(a, b, c);
  const Scalar product_scale(a.dtype, alpha);
  const Scalar old_scale(a.dtype, beta);
  const cublasHandle_t handle = queue.state().cublas();
  check(cublasSetStream(handle, queue.stream()), "cublasSetStream");
  check(cublasGemmStridedBatchedEx(
            handle, call.left_op, call.right_op, call.m, call.n, call.k, product_scale.get(), call.left->data,
            data_type(b.dtype), call.left_ld, call.left->batch_stride, call.right->data, data_type(a.dtype),
            call.right_ld, call.right->batch_stride, old_scale.get(), c.data, data_type(c.dtype), call.c_ld,
            c.batch_stride, count, compute_type(a.dtype), CUBLAS_GEMM_DEFAULT),
        "cublasGemmStridedBatchedEx");
}

}  // namespace tenon::cuda
