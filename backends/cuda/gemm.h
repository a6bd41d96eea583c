// One product of strided matrices, or a row of equal ones, as a call of cuBLAS or cuBLASLt.
#pragma once

#include "cuda/queue.h"

#include <tenon/plugin/dtype.hpp>

#include <cstdint>
#include <optional>

namespace tenon::cuda {

/// Does not own its elements. Strides are in elements, `batch_stride` those between the matrices of a batch.
struct Matrix {
  void* data;
  DType dtype;
  std::int64_t rows, columns;
  std::int64_t row_stride, column_stride;
  std::int64_t batch_stride = 0;

  [[nodiscard]] Matrix transposed() const {
    return {data, dtype, columns, rows, column_stride, row_stride, batch_stride};
  }
};

/// How cuBLAS sees a matrix that is dense along one axis.
struct Layout {
  bool is_row_major;
  int ld;
};
/// Nothing if it is dense along neither axis, or overlaps.
std::optional<Layout> layout_of(const Matrix& matrix);

/// Whether float32 products may use TF32: TENON_CUDA_TF32=1 in the environment when first asked.
bool uses_tf32();

/// c = alpha a b + beta c, `count` times. a and b have one floating dtype, c has it too, or is float32; all
/// have layouts; no extent and not alpha is 0. Throws CudaError.
void multiply(const Queue& queue, double alpha, const Matrix& a, const Matrix& b, double beta, const Matrix& c,
              int count);

/// c = alpha a b + bias, where `bias`, one dense row of c's dtype, is added to each row; c is row-major. In one
/// kernel of cuBLASLt, rounding once. False, and nothing was done, if cuBLASLt has none for it.
bool multiply_with_bias(const Queue& queue, double alpha, const Matrix& a, const Matrix& b, const void* bias,
                        const Matrix& c);

// ---- shared by gemm.cpp and linear.cpp ----

/// c = a b as cuBLAS computes it, which is column-major: c' = left right, where left is of b and right of a.
struct ColumnMajor {
  const Matrix* left;
  const Matrix* right;
  cublasOperation_t left_op, right_op;
  int m, n, k;
  int left_ld, right_ld, c_ld;
};
ColumnMajor column_major(const Matrix& a, const Matrix& b, const Matrix& c);

cudaDataType data_type(DType dtype);
cublasComputeType_t compute_type(DType dtype);

/// A number on the host, of the type that cuBLAS reads for a dtype.
class Scalar {
 public:
  Scalar(DType dtype, double value) : is_double_(dtype == DType::float64), double_(value), float_(static_cast<float>(value)) {}
  [[nodiscard]] const void* get() const {
    return is_double_ ? static_cast<const void*>(&double_) : static_cast<const void*>(&float_);
  }

 private:
  bool is_double_;
  double double_;
  float float_;
};

}  // namespace tenon::cuda
