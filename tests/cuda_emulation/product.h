// The products behind the emulated cuBLAS and cuBLASLt.
#pragma once

#include <cublas_v2.h>

#include <cstdint>

namespace tenon::emulation {

/// One operand: column-major, or transposed where `op` says so.
struct Factor {
  const void* data;
  cudaDataType type;
  cublasOperation_t op;
  std::int64_t ld;
  std::int64_t stride;  ///< between the matrices of a batch
};

/// c = alpha op(a) op(b) + beta c + bias, column-major, `count` times; bias, one number for each row, may be
/// null and has c's type. Sums are in float (double for double), in the order of k, and rounded to c's type
/// once.
struct Product {
  std::int64_t m, n, k;
  Factor a, b;
  void* c;
  cudaDataType c_type;
  std::int64_t ldc;
  std::int64_t c_stride;
  std::int64_t count;
  double alpha, beta;
  const void* bias;
};

/// What cuBLAS would say to the arguments.
cublasStatus_t check(const Product& product);
void compute(const Product& product);

/// A scalar argument on the host.
double scalar(const void* value, cublasComputeType_t compute);

/// Queues the product on a stream of the current device.
cublasStatus_t queue_product(cudaStream_t stream, const Product& product);

}  // namespace tenon::emulation
