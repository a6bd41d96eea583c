// INDEX: gather, scatter-add and one-hot along one axis, after a look at every index.
#include "cuda/combine.cuh"
#include "cuda/elements.cuh"
#include "cuda/families.h"
#include "cuda/launch.h"
#include "cuda/walk.cuh"

#include <bit>
#include <string>

namespace tenon::cuda {

inline constexpr unsigned long long kNone = ~0ULL;

/// The position of the first index that is outside of [0, extent), or kNone.
template <typename I>
__global__ void __launch_bounds__(kBlockThreads)
    find_outside(const Walk<1> walk, std::int64_t extent, std::uint64_t start, const I* __restrict__ index,
                 unsigned long long* __restrict__ first_outside) {
  for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < walk.size; i += gridDim.x * blockDim.x) {
    const std::int64_t value = index[walk.at(i).of[0]];
    if (value < 0 || value >= extent) atomicMin(first_outside, static_cast<unsigned long long>(start + i));
  }
}

/// Operands: out, index, x without `axis`, along which the index moves.
template <typename Bits, typename I>
__global__ void __launch_bounds__(kBlockThreads)
    gather(const Walk<3> walk, std::int64_t x_step, Bits* __restrict__ out, const I* __restrict__ index,
           const Bits* __restrict__ x) {
  for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < walk.size; i += gridDim.x * blockDim.x) {
    const auto at = walk.at(i);
    out[at.of[0]] = x[at.of[2] + static_cast<std::int64_t>(index[at.of[1]]) * x_step];
  }
}

/// How far along the axis of a scatter-add each operand steps, and how far it goes.
struct ScatterAxis {
  std::int64_t sources;
  std::int64_t extent;
  std::int64_t out_step;
  std::int64_t index_step;
  std::int64_t src_step;
  std::uint32_t ranges;
};

/// Additions to one element keep their order without atomics: lines along the axis do not meet, and where
/// they are too few to fill the device, a line's targets are cut into ranges. A thread goes along one whole
/// line of src and adds what falls into its range. Operands of `lines`: out, index, src.
template <typename T, typename I>
__global__ void __launch_bounds__(kBlockThreads)
    scatter_add(const Walk<3> lines, const ScatterAxis axis, T* __restrict__ out, const I* __restrict__ index,
                const T* __restrict__ src) {
  const std::uint64_t threads = std::uint64_t{lines.size} * axis.ranges;
  const std::uint64_t step = std::uint64_t{gridDim.x} * blockDim.x;
  for (std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < threads; i += step) {
    const auto at = lines.at(static_cast<std::uint32_t>(i % lines.size));
    const auto range = static_cast<std::int64_t>(i / lines.size);
    const std::int64_t begin = axis.extent * range / axis.ranges;
    const std::int64_t end = axis.extent * (range + 1) / axis.ranges;
    for (std::int64_t n = 0; n < axis.sources; ++n) {
      const std::int64_t target = index[at.of[1] + n * axis.index_step];
      if (target < begin || target >= end) continue;
      T& sum = out[at.of[0] + target * axis.out_step];
      sum = narrow<T>(add(widen(sum), widen(src[at.of[2] + n * axis.src_step])));
    }
  }
}

/// The same for few lines, where threads would read all indices each: a block has one range of a line's
/// targets, reads the line's indices kBlockThreads at a time, and lists those within its range in their
/// order. Each target belongs to one of its threads, which goes along the list.
template <typename T, typename I>
__global__ void __launch_bounds__(kBlockThreads)
    scatter_add_few(const Walk<3> lines, const ScatterAxis axis, T* __restrict__ out,
                    const I* __restrict__ index, const T* __restrict__ src) {
  __shared__ unsigned found[kBlockThreads / kLanes];  // by each warp
  __shared__ std::int64_t targets[kBlockThreads];
  __shared__ Compute<T> values[kBlockThreads];
  const unsigned lane = threadIdx.x % kLanes;
  const unsigned warp = threadIdx.x / kLanes;
  const std::uint64_t blocks = std::uint64_t{lines.size} * axis.ranges;
  for (std::uint64_t i = blockIdx.x; i < blocks; i += gridDim.x) {
    const auto at = lines.at(static_cast<std::uint32_t>(i % lines.size));
    const auto range = static_cast<std::int64_t>(i / lines.size);
    const std::int64_t begin = axis.extent * range / axis.ranges;
    const std::int64_t end = axis.extent * (range + 1) / axis.ranges;
    for (std::int64_t first = 0; first < axis.sources; first += kBlockThreads) {
      const std::int64_t n = first + threadIdx.x;
      const std::int64_t target = n < axis.sources ? index[at.of[1] + n * axis.index_step] : -1;
      const bool is_listed = target >= begin && target < end;
      const unsigned listed_lanes = __ballot_sync(0xFFFFFFFFU, is_listed);
      if (lane == 0) found[warp] = __popc(listed_lanes);
      __syncthreads();  // the list before has been read, too
      unsigned place = __popc(listed_lanes & ((1U << lane) - 1));
      unsigned count = 0;
      for (unsigned other = 0; other < kBlockThreads / kLanes; ++other) {
        if (other < warp) place += found[other];
        count += found[other];
      }
      if (is_listed) {
        targets[place] = target;
        values[place] = widen(src[at.of[2] + n * axis.src_step]);
      }
      __syncthreads();
      for (unsigned k = 0; k < count; ++k) {
        if (static_cast<std::uint64_t>(targets[k]) % kBlockThreads != threadIdx.x) continue;
        T& sum = out[at.of[0] + targets[k] * axis.out_step];
        sum = narrow<T>(add(widen(sum), values[k]));
      }
    }
  }
}

/// Operands: out, index, and one whose offset is the class, counted from the first.
template <typename Bits, typename I>
__global__ void __launch_bounds__(kBlockThreads)
    one_hot(const Walk<3> walk, std::int64_t first_class, Bits one, Bits* __restrict__ out,
            const I* __restrict__ index) {
  for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < walk.size; i += gridDim.x * blockDim.x) {
    const auto at = walk.at(i);
    out[at.of[0]] = static_cast<std::int64_t>(index[at.of[1]]) == first_class + at.of[2] ? one : Bits{0};
  }
}

namespace {

std::size_t axis_of(const Call& call) {
  return static_cast<std::size_t>(call.attributes<tenon_index_attributes>().axis);
}

/// Element i of what `axes` walk over, i counted in their order, from the first.
std::int64_t offset_at(const Axes<1>& axes, std::uint64_t i) {
  std::int64_t offset = 0;
  for (int axis = axes.rank() - 1; axis >= 0; --axis) {
    const auto extent = static_cast<std::uint64_t>(axes[axis].extent);
    offset += static_cast<std::int64_t>(i % extent) * axes[axis].strides[0];
    i /= extent;
  }
  return offset;
}

/// Waits for the queue, and throws InvalidData unless every index is in [0, extent): the outputs must not be
/// touched otherwise.
template <typename I>
void check_indices(const Queue& queue, const View& index, std::int64_t extent, std::size_t axis) {
  if (index.size() == 0) return;
  Axes<1> axes;
  for (std::size_t i = 0; i < index.shape().size(); ++i) {
    if (index.strides()[i] != 0) axes.append(index.shape()[i], {index.strides()[i]});
  }
  axes.merge();
  const I* const data = index.data<const I>();
  const Scratch scratch(queue, sizeof(kNone));
  auto* const found = scratch.as<unsigned long long>();
  check(cudaMemsetAsync(found, 0xFF, sizeof(kNone), queue.stream()), "cudaMemsetAsync");
  std::uint64_t start = 0;
  axes.for_each_piece([&](const Axes<1>& piece, const auto& first) {
    launch(queue, find_outside<I>, queue.blocks(piece.size(), kBlockThreads), kBlockThreads, walk_of(piece),
           extent, start, data + first[0], found);
    start += static_cast<std::uint64_t>(piece.size());
  });
  const auto read = [&](auto& to, const auto* from) {
    check(cudaMemcpyAsync(&to, from, sizeof(to), cudaMemcpyDeviceToHost, queue.stream()), "cudaMemcpyAsync");
    check(cudaStreamSynchronize(queue.stream()), "cudaStreamSynchronize");
  };
  unsigned long long outside = kNone;
  read(outside, found);
  if (outside == kNone) return;
  I value{};
  read(value, data + offset_at(axes, outside));
  throw plugin::InvalidData("index " + std::to_string(value) + " is outside [0, " + std::to_string(extent) +
                            ") on axis " + std::to_string(axis));
}

/// The strides of a view that stands still along an axis.
struct Still {
  std::int64_t of[TENON_MAX_RANK];

  Still(const View& view, std::size_t axis) {
    std::copy(view.strides().begin(), view.strides().end(), of);
    of[axis] = 0;
  }
  [[nodiscard]] const std::int64_t* strides() const { return of; }
};

template <typename Bits, typename I>
void run_gather(const Call& call, const Queue& queue) {
  const View x = call.input(0);
  const View index = call.input(1);
  const View out = call.output();
  const std::size_t axis = axis_of(call);
  check_indices<I>(queue, index, x.shape()[axis], axis);
  axes_by_layout(out.shape(), out, index, Still(x, axis))
      .for_each_piece([&](const auto& axes, const auto& first) {
        launch(queue, gather<Bits, I>, queue.blocks(axes.size(), kBlockThreads), kBlockThreads, walk_of(axes),
               x.strides()[axis], out.data<Bits>() + first[0], index.data<const I>() + first[1],
               x.data<const Bits>() + first[2]);
      });
}

template <typename T, typename I>
void run_scatter_add(const Call& call, const Queue& queue) {
  const View index = call.input(0);
  const View src = call.input(1);
  const View out = call.output();
  const std::size_t axis = axis_of(call);
  if (src.size() == 0) return;
  check_indices<I>(queue, index, out.shape()[axis], axis);
  Axes<3> lines;
  for (std::size_t i = 0; i < src.shape().size(); ++i) {
    if (i != axis) lines.append(src.shape()[i], {out.strides()[i], index.strides()[i], src.strides()[i]});
  }
  lines.sort();
  lines.merge();
  // Lines fewer than a warp's threads are gone along by blocks.
  const bool are_few = lines.size() < kLanes;
  const std::int64_t wanted = std::int64_t{queue.state().multiprocessors()} * (are_few ? 8 : 1024);
  const std::int64_t ranges = std::clamp<std::int64_t>(wanted / lines.size(), 1, out.shape()[axis]);
  const int threads_per_range = are_few ? kBlockThreads : 1;
  const ScatterAxis along = {src.shape()[axis],     out.shape()[axis],   out.strides()[axis],
                             index.strides()[axis], src.strides()[axis], static_cast<std::uint32_t>(ranges)};
  bool is_touched = false;
  lines.for_each_piece([&](const Axes<3>& piece, const auto& first) {
    run_step(is_touched, [&] {
      launch(queue, are_few ? scatter_add_few<T, I> : scatter_add<T, I>,
             queue.blocks(piece.size() * ranges * threads_per_range, kBlockThreads), kBlockThreads,
             walk_of(piece), along, out.data<T>() + first[0], index.data<const I>() + first[1],
             src.data<const T>() + first[2]);
    });
    is_touched = true;
  });
}

template <typename T, typename I>
void run_one_hot(const Call& call, const Queue& queue) {
  using Bits = BitsOf<T>;
  const View index = call.input(0);
  const View out = call.output();
  const std::size_t last = index.shape().size();
  check_indices<I>(queue, index, out.shape()[last], last);
  Axes<3> all;
  for (std::size_t axis = 0; axis < last; ++axis) {
    all.append(out.shape()[axis], {out.strides()[axis], index.strides()[axis], 0});
  }
  all.append(out.shape()[last], {out.strides()[last], 0, 1});
  all.sort();
  all.merge();
  const auto one = std::bit_cast<Bits>(plugin::cast_element<T>(true));
  all.for_each_piece([&](const Axes<3>& piece, const auto& first) {
    launch(queue, one_hot<Bits, I>, queue.blocks(piece.size(), kBlockThreads), kBlockThreads, walk_of(piece),
           first[2], one, out.data<Bits>() + first[0], index.data<const I>() + first[1]);
  });
}

template <typename I>
Work find_for(const Call& call) {
  constexpr DType index = dtype_of<I>();
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Work {
    constexpr DType dtype = dtype_of<T>();
    switch (call.member()) {
      case TENON_INDEX_GATHER:
        return has_dtypes(call, {dtype, index}, dtype) ? run_gather<BitsOf<T>, I> : nullptr;
      case TENON_INDEX_SCATTER_ADD:
        if constexpr (!std::is_same_v<T, bool>) {
          return has_dtypes(call, {index, dtype}, dtype) ? run_scatter_add<T, I> : nullptr;
        }
        return nullptr;
      case TENON_INDEX_ONE_HOT:
        return has_dtypes(call, {index}, dtype) ? run_one_hot<T, I> : nullptr;
      default:
        return nullptr;
    }
  });
}

}  // namespace

Work find_index(const Call& call) {
  const Work work = find_for<std::int32_t>(call);
  return work != nullptr ? work : find_for<std::int64_t>(call);
}

}  // namespace tenon::cuda
