// REDUCE in one or two stages. A block of 32 x 8 threads or less has its 32 along the axis that lies closest together,
// be it reduced or kept; where there are too few results to fill the device, each is cut into pieces, whose
// accumulators a second kernel combines.
#include "cuda/families.h"
#include "cuda/launch.h"
#include "cuda/reductions.cuh"
#include "cuda/walk.h"

#include <algorithm>

namespace tenon::cuda {

/// The part of the reduction that one launch does. Operands of `kept`: x, out.
struct Part {
  Walk<2> kept;
  Walk<1> reduced;
  Along along;
  std::int64_t start;         // of `reduced` among all reduced elements
  std::int64_t count;         // of all reduced elements
  std::uint32_t first_piece;  // of this launch; gridDim.y pieces
  std::uint32_t pieces;       // of all launches; 1: straight to out
};

template <typename Op, typename T>
__global__ void __launch_bounds__(kLanes* kMostRows)
    reduce_part(Op op, const Part part, const T* __restrict__ x, typename Op::Out* __restrict__ out,
                typename Op::Accumulator* __restrict__ partial) {
  const auto begin = static_cast<std::uint32_t>(std::uint64_t{part.reduced.size} * blockIdx.y / gridDim.y);
  const auto end = static_cast<std::uint32_t>(std::uint64_t{part.reduced.size} * (blockIdx.y + 1) / gridDim.y);
  const std::uint32_t step = part.along.sharers();
  for (std::uint32_t base = blockIdx.x * part.along.results(); base < part.kept.size;
       base += gridDim.x * part.along.results()) {
    const std::uint32_t result = base + part.along.result();
    const bool is_result = result < part.kept.size;
    const Offsets<2> at = is_result ? part.kept.at(result) : Offsets<2>{};
    typename Op::Accumulator sum = op.identity();
    if (is_result) {
      for (std::uint32_t i = begin + part.along.sharer(); i < end; i += step) {
        sum = op.take(sum, x[at.of[0] + part.reduced.at(i).of[0]], part.start + i);
      }
    }
    sum = combine_shared(op, sum, part.along);
    if (!is_result || part.along.sharer() != 0) continue;
    if (part.pieces == 1) {
      out[at.of[1]] = op.finish(sum, part.count);
    } else {
      partial[std::uint64_t{result} * part.pieces + part.first_piece + blockIdx.y] = sum;
    }
  }
}

/// The second stage: a warp for each result.
template <typename Op>
__global__ void __launch_bounds__(kLanes* kMostRows)
    reduce_pieces(Op op, const Part part, const typename Op::Accumulator* __restrict__ partial,
                  typename Op::Out* __restrict__ out) {
  const Along along = {true, false, static_cast<int>(blockDim.y)};
  for (std::uint32_t base = blockIdx.x * blockDim.y; base < part.kept.size; base += gridDim.x * blockDim.y) {
    const std::uint32_t result = base + threadIdx.y;
    const bool is_result = result < part.kept.size;
    typename Op::Accumulator sum = op.identity();
    if (is_result) {
      for (std::uint32_t piece = threadIdx.x; piece < part.pieces; piece += kLanes) {
        sum = op(sum, partial[std::uint64_t{result} * part.pieces + piece]);
      }
    }
    sum = combine_shared(op, sum, along);
    if (is_result && threadIdx.x == 0) out[part.kept.at(result).of[1]] = op.finish(sum, part.count);
  }
}

namespace {

std::uint32_t axes_of(const Call& call) { return call.attributes<tenon_reduce_attributes>().axes; }

/// The axes of a call: kept ones (of x and out), reduced ones.
struct Shape {
  Axes<2> kept;
  Axes<1> reduced;

  explicit Shape(const Call& call, bool keeps_order) {
    const View x = call.input(0);
    for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
      if ((axes_of(call) >> axis & 1U) != 0) {
        reduced.append(x.shape()[axis], {x.strides()[axis]});
      } else {
        kept.append(x.shape()[axis], {x.strides()[axis], call.output().strides()[axis]});
      }
    }
    kept.sort();
    kept.merge();
    if (!keeps_order) reduced.sort();
    reduced.merge();
  }
};

Along along_of(const Shape& shape) {
  constexpr std::int64_t kWarpful = 16;
  constexpr std::int64_t kBlockful = 1024;
  const std::int64_t size = shape.reduced.size();
  const std::int64_t results = shape.kept.size();
  if (size < kWarpful) return along(false, false, results);
  const bool is_inner =
      shape.kept.rank() == 0 || shape.reduced.rank() == 0 ||
      shape.reduced[shape.reduced.rank() - 1].strides[0] <= shape.kept[shape.kept.rank() - 1].strides[0];
  return along(is_inner, !is_inner || size >= kBlockful, results);
}

/// Into how many pieces one launch cuts each result.
std::uint32_t pieces_of(const Queue& queue, std::int64_t results, std::int64_t size, Along along) {
  constexpr int kBlocksPerMultiprocessor = 8;
  constexpr int kLeastEach = 8;  // elements a thread
  const std::int64_t blocks = (results + along.results() - 1) / along.results();
  const std::int64_t wanted = std::int64_t{queue.state().multiprocessors()} * kBlocksPerMultiprocessor / blocks;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(size / (along.sharers() * kLeastEach), 1)));
}

template <typename Op, typename T>
void run(const Call& call, const Queue& queue, const Op& op, bool keeps_order = false) {
  using Accumulator = typename Op::Accumulator;
  const Shape shape(call, keeps_order);
  const Along along = along_of(shape);
  std::uint32_t launches = 0;
  shape.reduced.for_each_piece([&](const auto&, const auto&) { ++launches; });
  launches = std::max(launches, 1U);  // over no elements, too
  shape.kept.for_each_piece([&](const Axes<2>& kept, const auto& first) {
    const T* const x = call.input(0).data<const T>() + first[0];
    auto* const out = call.output().data<typename Op::Out>() + first[1];
    const std::uint32_t pieces = pieces_of(queue, kept.size(), std::min(shape.reduced.size(), Axes<1>::kMostElements), along);
    Part part{kept.walk(), {}, along, 0, shape.reduced.size(), 0, pieces * launches};
    const Scratch partial(queue, part.pieces == 1 ? 0 : kept.size() * part.pieces * sizeof(Accumulator));
    const std::uint32_t blocks = queue.blocks(kept.size(), static_cast<int>(along.results()));
    const auto launch_part = [&](const Axes<1>& reduced, std::int64_t offset) {
      part.reduced = reduced.walk();
      launch(queue, reduce_part<Op, T>, dim3(blocks, pieces), block_of(along), op, part, x + offset, out, partial.as<Accumulator>());
      part.start += reduced.size();
      part.first_piece += pieces;
    };
    if (shape.reduced.size() == 0) launch_part(shape.reduced, 0);
    shape.reduced.for_each_piece([&](const Axes<1>& reduced, const auto& at) { launch_part(reduced, at[0]); });
    if (part.pieces > 1) {
      const Along warps = cuda::along(true, false, kept.size());
      launch(queue, reduce_pieces<Op>, queue.blocks(kept.size(), warps.rows), block_of(warps), op, part, partial.as<Accumulator>(), out);
    }
  });
}

// The members, as what find_reduce() gives.
template <typename T>
void sum(const Call& call, const Queue& queue) {
  run<SumOf<T>, T>(call, queue, {call.member() == TENON_REDUCE_MEAN});
}
template <typename T>
void product(const Call& call, const Queue& queue) {
  run<ProductOf<T>, T>(call, queue, {});
}
template <typename T>
void extremum(const Call& call, const Queue& queue) {
  run<ExtremumOf<T>, T>(call, queue, {call.member() == TENON_REDUCE_MAX});
}
template <typename T>
void truth(const Call& call, const Queue& queue) {
  run<TruthOf<T>, T>(call, queue, {call.member() == TENON_REDUCE_ALL});
}
template <typename T>
void place(const Call& call, const Queue& queue) {
  run<PlaceOf<T>, T>(call, queue, {call.member() == TENON_REDUCE_ARGMAX}, true);
}

/// Whether an element of out would be the extremum of nothing.
bool is_undefined(const Call& call) { return call.output().size() > 0 && call.input(0).size() == 0; }

template <typename T>
Work find_for(const Call& call) {
  constexpr DType dtype = dtype_of<T>();
  const auto gives = [&](DType out) { return has_dtypes(call, {dtype}, out); };
  switch (call.member()) {
    case TENON_REDUCE_SUM:
      return gives(dtype_of<TotalOut<T>>()) ? sum<T> : nullptr;
    case TENON_REDUCE_MEAN:
      return kFloating<T> && gives(dtype) ? sum<T> : nullptr;
    case TENON_REDUCE_PROD:
      return gives(dtype_of<TotalOut<T>>()) ? product<T> : nullptr;
    case TENON_REDUCE_MAX:
    case TENON_REDUCE_MIN:
      return gives(dtype) && !is_undefined(call) ? extremum<T> : nullptr;
    case TENON_REDUCE_ANY:
    case TENON_REDUCE_ALL:
      return gives(DType::boolean) ? truth<T> : nullptr;
    case TENON_REDUCE_ARGMAX:
    case TENON_REDUCE_ARGMIN:
      return gives(DType::int64) && !is_undefined(call) ? place<T> : nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

Work find_reduce(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) { return find_for<T>(call); });
}

}  // namespace tenon::cuda
