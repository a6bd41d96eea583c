#include "product.h"

#include "gpu.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace tenon::emulation {
namespace {

float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

std::uint16_t to_bfloat16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(word >> 16 | 0x40U);
  return static_cast<std::uint16_t>((word + 0x7FFFU + (word >> 16 & 1U)) >> 16);
}

template <typename C>
C load(const void* data, cudaDataType type, std::int64_t i) {
  switch (type) {
    case CUDA_R_32F:
      return static_cast<C>(static_cast<const float*>(data)[i]);
    case CUDA_R_64F:
      return static_cast<C>(static_cast<const double*>(data)[i]);
    case CUDA_R_16BF:
      break;
  }
  return static_cast<C>(from_bfloat16(static_cast<const std::uint16_t*>(data)[i]));
}

template <typename C>
void store(void* data, cudaDataType type, std::int64_t i, C value) {
  switch (type) {
    case CUDA_R_32F:
      static_cast<float*>(data)[i] = static_cast<float>(value);
      break;
    case CUDA_R_64F:
      static_cast<double*>(data)[i] = static_cast<double>(value);
      break;
    case CUDA_R_16BF:
      static_cast<std::uint16_t*>(data)[i] = to_bfloat16(static_cast<float>(value));
      break;
  }
}

/// op(x) as rows of numbers that lie together.
template <typename C>
std::vector<C> rows_of(const Factor& x, std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  std::vector<C> dense(static_cast<std::size_t>(rows * columns));
  const std::int64_t row_stride = x.op == CUBLAS_OP_N ? 1 : x.ld;
  const std::int64_t column_stride = x.op == CUBLAS_OP_N ? x.ld : 1;
  auto to = dense.begin();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      *to++ = load<C>(x.data, x.type, batch * x.stride + r * row_stride + c * column_stride);
    }
  }
  return dense;
}

template <typename C>
void compute_in(const Product& p) {
  std::vector<C> sums(static_cast<std::size_t>(p.n));
  for (std::int64_t batch = 0; batch < p.count; ++batch) {
    const std::vector<C> a = rows_of<C>(p.a, batch, p.m, p.k);
    const std::vector<C> b = rows_of<C>(p.b, batch, p.k, p.n);
    for (std::int64_t i = 0; i < p.m; ++i) {
      std::fill(sums.begin(), sums.end(), C{0});
      for (std::int64_t l = 0; l < p.k; ++l) {
        const C left = a[static_cast<std::size_t>(i * p.k + l)];
        const C* const right = b.data() + l * p.n;
        for (std::int64_t j = 0; j < p.n; ++j) sums[static_cast<std::size_t>(j)] += left * right[j];
      }
      for (std::int64_t j = 0; j < p.n; ++j) {
        const std::int64_t at = batch * p.c_stride + i + j * p.ldc;
        C value = static_cast<C>(p.alpha) * sums[static_cast<std::size_t>(j)];
        if (p.beta != 0) value += static_cast<C>(p.beta) * load<C>(p.c, p.c_type, at);
        if (p.bias != nullptr) value += load<C>(p.bias, p.c_type, i);
        store<C>(p.c, p.c_type, at, value);
      }
    }
  }
}

/// Whether the leading dimension spans the columns.
bool spans(std::int64_t ld, std::int64_t rows) { return ld >= std::max<std::int64_t>(rows, 1); }

}  // namespace

cublasStatus_t check(const Product& p) {
  const bool extents = p.m >= 0 && p.n >= 0 && p.k >= 0 && p.count >= 0;
  const bool leading = spans(p.a.ld, p.a.op == CUBLAS_OP_N ? p.m : p.k) &&
                       spans(p.b.ld, p.b.op == CUBLAS_OP_N ? p.k : p.n) && spans(p.ldc, p.m);
  if (!extents || !leading) return CUBLAS_STATUS_INVALID_VALUE;
  const bool types = p.a.type == p.b.type && (p.c_type == p.a.type || (p.a.type == CUDA_R_16BF && p.c_type == CUDA_R_32F));
  return types ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

void compute(const Product& product) {
  if (product.a.type == CUDA_R_64F) {
    compute_in<double>(product);
  } else {
    compute_in<float>(product);
  }
}

double scalar(const void* value, cublasComputeType_t compute) {
  return compute == CUBLAS_COMPUTE_64F ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
}

cublasStatus_t queue_product(cudaStream_t handle, const Product& product) {
  const auto stream = find(handle);
  if (stream == nullptr || stream->device != current_device()) return CUBLAS_STATUS_EXECUTION_FAILED;
  if (const cublasStatus_t status = check(product); status != CUBLAS_STATUS_SUCCESS) return status;
  // The libraries promise nothing about a and b then, NaN included.
  if (product.alpha == 0) return CUBLAS_STATUS_NOT_SUPPORTED;
  queue(*stream, [on = stream->device, product] {
    open_only(on);
    compute(product);
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace tenon::emulation
