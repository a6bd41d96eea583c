// How a block of threads makes one value of many: in each warp by shuffles, between warps through
// shared memory. The order is fixed, so that results do not depend on timing.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace tenon::cuda {

inline constexpr int kLanes = 32;
inline constexpr int kMostRows = 8;

/// Which axes of a block of kLanes x rows threads go along the reduced elements; the others go along the
/// results.
struct Along {
  bool x;
  bool y;
  int rows;

  /// How many results a block makes at once.
  [[nodiscard]] __host__ __device__ std::uint32_t results() const { return (x ? 1 : kLanes) * (y ? 1 : rows); }
  /// How many threads share one result.
  [[nodiscard]] __host__ __device__ std::uint32_t sharers() const { return (x ? kLanes : 1) * (y ? rows : 1); }
  /// Which of the block's results the running thread works for, and which of its sharers it is.
  [[nodiscard]] __device__ std::uint32_t result() const {
    return (x ? 0 : threadIdx.x) + (y ? 0 : threadIdx.y * (x ? 1 : kLanes));
  }
  [[nodiscard]] __device__ std::uint32_t sharer() const {
    return (x ? threadIdx.x : 0) + (y ? threadIdx.y * (x ? kLanes : 1) : 0);
  }
};

/// For `results` results whose axis lies closest together in memory where !x: no more warps than have work.
inline Along along(bool x, bool y, std::int64_t results) {
  const std::int64_t useful = y ? kMostRows : (x ? results : (results + kLanes - 1) / kLanes);
  return {x, y, static_cast<int>(useful < kMostRows ? useful : kMostRows)};
}

inline dim3 block_of(const Along& along) { return dim3(kLanes, static_cast<unsigned>(along.rows)); }

template <typename T>
__device__ T shuffle_xor(T value, int lanes) {
  return __shfl_xor_sync(0xFFFFFFFFU, value, lanes);
}

/// combine(...) over all threads that share a result; each of them gets it. All threads of the block must
/// call it.
template <typename Combine, typename T>
__device__ T combine_shared(const Combine& combine, T value, Along along) {
  if (along.x) {
    for (int lanes = kLanes / 2; lanes > 0; lanes /= 2) value = combine(value, shuffle_xor(value, lanes));
  }
  if (along.y) {
    __shared__ T rows[kMostRows][kLanes];
    __syncthreads();  // the last call's values have been read
    rows[threadIdx.y][threadIdx.x] = value;
    __syncthreads();
    value = rows[0][threadIdx.x];
    for (int row = 1; row < along.rows; ++row) value = combine(value, rows[row][threadIdx.x]);
  }
  return value;
}

}  // namespace tenon::cuda
