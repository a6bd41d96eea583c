// How kernels find their elements: axes whose extents divide by multiplication, and 32 bits for an index.
#pragma once

#include "cuda/axes.h"

#include <cuda_runtime.h>

#include <cstdint>

namespace tenon::cuda {

/// n / divisor for n < 2^31 by a multiplication and a shift (Granlund and Montgomery, "Division by invariant
/// integers using multiplication", PLDI 1994, figure 4.1).
struct Divider {
  std::uint32_t divisor;
  std::uint32_t magic;
  std::uint32_t shift;

  static Divider of(std::uint32_t divisor) {
    std::uint32_t shift = 0;
    while ((std::uint64_t{1} << shift) < divisor) ++shift;
    const std::uint64_t magic =
        (std::uint64_t{1} << 32) * ((std::uint64_t{1} << shift) - divisor) / divisor + 1;
    return {divisor, static_cast<std::uint32_t>(magic), shift};
  }
  [[nodiscard]] __device__ std::uint32_t quotient(std::uint32_t n) const {
    return (__umulhi(n, magic) + n) >> shift;
  }
};

/// Where N operands have one element, from their first, in elements.
template <int N>
struct Offsets {
  std::int64_t of[N];
};

/// What a kernel takes by value. Axes are outermost first.
template <int N>
struct Walk {
  std::uint32_t size = 1;
  int rank = 0;
  Divider extents[TENON_MAX_RANK];
  std::int64_t strides[N][TENON_MAX_RANK];

  /// Element i, counted along the axes in their order; i < size.
  [[nodiscard]] __device__ Offsets<N> at(std::uint32_t i) const {
    Offsets<N> offsets{};
#pragma unroll 1
    for (int axis = rank - 1; axis >= 0; --axis) {
      // The outermost axis needs no division: what is left is its index.
      const std::uint32_t rest = axis == 0 ? 0 : extents[axis].quotient(i);
      const std::uint32_t index = i - rest * extents[axis].divisor;
      for (int k = 0; k < N; ++k) offsets.of[k] += strides[k][axis] * index;
      i = rest;
    }
    return offsets;
  }
};

/// For kernels; of no more than Axes::kMostElements, or of none.
template <int N>
Walk<N> walk_of(const Axes<N>& axes) {
  Walk<N> walk{};
  walk.size = static_cast<std::uint32_t>(axes.size());
  walk.rank = axes.size() == 0 ? 0 : axes.rank();
  for (int axis = 0; axis < walk.rank; ++axis) {
    walk.extents[axis] = Divider::of(static_cast<std::uint32_t>(axes[axis].extent));
    for (int k = 0; k < N; ++k) walk.strides[k][axis] = axes[axis].strides[static_cast<std::size_t>(k)];
  }
  return walk;
}

}  // namespace tenon::cuda
