// COPY: casts by way of map; copies of one dtype move bits, transposed ones through shared memory, so that
// reads and writes both go along the memory.
#include "cuda/elements.cuh"
#include "cuda/families.h"
#include "cuda/map.cuh"

#include <optional>

namespace tenon::cuda {

template <typename To, typename From>
struct Cast {
  __device__ To operator()(From x) const { return cast<To>(x); }
};

template <typename Bits>
struct Same {
  __device__ Bits operator()(Bits x) const { return x; }
};

inline constexpr int kTile = 32;
inline constexpr int kTileRows = 8;  // a block's threads cross a tile in four steps

/// A stack of matrices: out is dense along its columns, in along its rows.
struct Transposition {
  std::uint32_t rows;
  std::uint32_t columns;
  std::int64_t out_row_stride;
  std::int64_t in_column_stride;
  Walk<2> stack;
};

/// out[r, c] = in[r, c], tile by tile. A row of the tile is one longer than a warp: its column lies in 32 banks.
template <typename Bits>
__global__ void __launch_bounds__(kTile* kTileRows)
    transpose(const Transposition shape, Bits* __restrict__ out, const Bits* __restrict__ in) {
  __shared__ Bits tile[kTile][kTile + 1];
  const std::uint32_t tiles_across = (shape.columns + kTile - 1) / kTile;
  const std::uint32_t tiles_down = (shape.rows + kTile - 1) / kTile;
  const std::uint32_t tiles = tiles_across * tiles_down;
  for (std::uint32_t block = blockIdx.x; block < tiles * shape.stack.size; block += gridDim.x) {
    const auto at = shape.stack.at(block / tiles);
    const std::uint32_t row = block % tiles / tiles_across * kTile;
    const std::uint32_t column = block % tiles_across * kTile;
    // Neighbouring threads read neighbouring rows of one column.
    for (std::uint32_t c = threadIdx.y; c < kTile; c += kTileRows) {
      if (column + c < shape.columns && row + threadIdx.x < shape.rows) {
        tile[c][threadIdx.x] = in[at.of[1] + (column + c) * shape.in_column_stride + row + threadIdx.x];
      }
    }
    __syncthreads();
    for (std::uint32_t r = threadIdx.y; r < kTile; r += kTileRows) {
      if (row + r < shape.rows && column + threadIdx.x < shape.columns) {
        out[at.of[0] + (row + r) * shape.out_row_stride + column + threadIdx.x] = tile[threadIdx.x][r];
      }
    }
    __syncthreads();  // before the next tile is read into the same place
  }
}

namespace {

/// The axes as a stack of transposed matrices, if they are one that is worth it.
std::optional<Transposition> transposition_of(Axes<2> axes) {
  constexpr std::int64_t kLeast = 8;  // thinner ones leave most of a tile empty
  if (axes.rank() < 2 || axes[axes.rank() - 1].strides[0] != 1) return std::nullopt;
  int along_in = -1;
  for (int axis = 0; axis + 1 < axes.rank(); ++axis) {
    if (axes[axis].strides[1] == 1) along_in = axis;
  }
  if (along_in < 0 || axes[axes.rank() - 1].strides[1] <= 1) return std::nullopt;
  const auto columns = axes.take(axes.rank() - 1);
  const auto rows = axes.take(along_in);
  if (columns.extent < kLeast || rows.extent < kLeast) return std::nullopt;
  return Transposition{static_cast<std::uint32_t>(rows.extent), static_cast<std::uint32_t>(columns.extent),
                       rows.strides[0], columns.strides[1], axes.walk()};
}

template <typename Bits>
void move_bits(const Call& call, const Queue& queue) {
  const View in = call.input(0);
  const View out = call.output();
  axes_by_layout(out.shape(), out, in).for_each_piece([&](const Axes<2>& axes, const auto& first) {
    Bits* const to = out.data<Bits>() + first[0];
    const Bits* const from = in.data<const Bits>() + first[1];
    if (const auto shape = transposition_of(axes)) {
      const std::int64_t tiles = (std::int64_t{shape->rows} + kTile - 1) / kTile *
                                 ((std::int64_t{shape->columns} + kTile - 1) / kTile) * shape->stack.size;
      launch(queue, transpose<Bits>, queue.blocks(tiles, 1), dim3(kTile, kTileRows), *shape, to, from);
    } else if (axes.rank() == 1 && axes[0].strides[0] == 1 && axes[0].strides[1] == 1) {
      check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(axes.size()) * sizeof(Bits),
                            cudaMemcpyDeviceToDevice, queue.stream()),
            "cudaMemcpyAsync");
    } else {
      detail::map_piece<Same<Bits>, Bits, Bits>(queue, Same<Bits>{}, axes, std::index_sequence<0>{}, to, from);
    }
  });
}

template <typename To, typename From>
void convert(const Call& call, const Queue& queue) {
  map<To, From>(queue, Cast<To, From>{}, call.output(), call.input(0));
}

}  // namespace

Work find_copy(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename From>(TypeTag<From>) {
    return visit_dtype(call.output().dtype(), [&]<typename To>(TypeTag<To>) -> Work {
      if constexpr (std::is_same_v<To, From>) {
        return move_bits<BitsOf<To>>;
      } else {
        return convert<To, From>;
      }
    });
  });
}

}  // namespace tenon::cuda
