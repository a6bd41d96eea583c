// SOFTMAX along one axis, in three passes over each row: the maximum, the sum, the result. A warp or a block
// shares a row; see combine.cuh.
#include "cuda/combine.cuh"
#include "cuda/elements.cuh"
#include "cuda/families.h"
#include "cuda/launch.h"
#include "cuda/walk.h"

#include <limits>

namespace tenon::cuda {

struct Maximum {
  template <typename C>
  __device__ C operator()(C a, C b) const {
    return maximum(a, b);
  }
};
struct Plus {
  template <typename C>
  __device__ C operator()(C a, C b) const {
    return a + b;
  }
};

/// Operands: x, out. A NaN, or a maximum that is infinite, makes NaN of x - m or of the sum, and so of all.
template <typename T>
__global__ void __launch_bounds__(kLanes* kMostRows)
    softmax(bool logarithm, const Walk<2> rows, Along along, std::int64_t extent, std::int64_t x_step,
            std::int64_t out_step, const T* __restrict__ x, T* __restrict__ out) {
  using C = Compute<T>;
  for (std::uint32_t base = blockIdx.x * along.results(); base < rows.size; base += gridDim.x * along.results()) {
    const std::uint32_t row = base + along.result();
    const Offsets<2> at = row < rows.size ? rows.at(row) : Offsets<2>{};
    const std::int64_t first = row < rows.size ? along.sharer() : extent;
    const std::int64_t step = along.sharers();
    C largest = -std::numeric_limits<C>::infinity();
    for (std::int64_t i = first; i < extent; i += step) largest = maximum(largest, widen(x[at.of[0] + i * x_step]));
    largest = combine_shared(Maximum{}, largest, along);
    C sum = 0;
    for (std::int64_t i = first; i < extent; i += step) sum += exp(widen(x[at.of[0] + i * x_step]) - largest);
    sum = combine_shared(Plus{}, sum, along);
    const C log_sum = log(sum);
    for (std::int64_t i = first; i < extent; i += step) {
      const C below = widen(x[at.of[0] + i * x_step]) - largest;
      out[at.of[1] + i * out_step] = narrow<T>(logarithm ? below - log_sum : exp(below) / sum);
    }
  }
}

namespace {

template <typename T>
void run(const Call& call, const Queue& queue) {
  const auto attributes = call.attributes<tenon_softmax_attributes>();
  const View x = call.input(0);
  const View out = call.output();
  const auto along_axis = static_cast<std::size_t>(attributes.axis);
  Axes<2> rows;
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
    if (axis != along_axis) rows.append(x.shape()[axis], {x.strides()[axis], out.strides()[axis]});
  }
  rows.sort();
  rows.merge();
  const std::int64_t extent = x.shape()[along_axis];
  if (extent == 0) return;
  constexpr std::int64_t kBlockful = 1024;
  const std::int64_t step = x.strides()[along_axis];
  const bool is_inner = rows.rank() == 0 || step <= rows[rows.rank() - 1].strides[0];
  const Along along = cuda::along(is_inner, !is_inner || extent >= kBlockful, rows.size());
  rows.for_each_piece([&](const Axes<2>& axes, const auto& first) {
    launch(queue, softmax<T>, queue.blocks(axes.size(), static_cast<int>(along.results())), block_of(along),
           attributes.member == TENON_SOFTMAX_LOG_SOFTMAX, axes.walk(), along, extent, step,
           out.strides()[along_axis], x.data<const T>() + first[0], out.data<T>() + first[1]);
  });
}

}  // namespace

Work find_softmax(const Call& call) {
  const auto attributes = call.attributes<tenon_softmax_attributes>();
  const bool known =
      attributes.member == TENON_SOFTMAX_SOFTMAX || attributes.member == TENON_SOFTMAX_LOG_SOFTMAX;
  if (!known || attributes.axis < 0 || attributes.axis >= call.output().rank()) return nullptr;
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Work {
    if constexpr (kFloating<T>) {
      if (has_dtypes(call, {dtype_of<T>()}, dtype_of<T>())) return run<T>;
    }
    return nullptr;
  });
}

}  // namespace tenon::cuda
