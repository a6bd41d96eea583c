// COPY: casts a chunk at a time; within one dtype whole rows, or tiles where the operands run along different
// axes.
#include "cpu/copy.h"

#include "cpu/chunks.h"
#include "cpu/families.h"
#include "cpu/tables.h"

#include <cstring>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

constexpr std::int64_t kGrainBytes = 128 << 10;

/// The axis along which the input is dense, if it is not axis 0 (of a loop whose output is dense along axis
/// 0); else 0.
int transposed_axis(const Loop& loop) {
  if (loop.rank < 2 || loop.stride[0][0] != loop.item[0]) return 0;
  for (int axis = 1; axis < loop.rank; ++axis) {
    if (loop.stride[1][axis] == loop.item[1]) return axis;
  }
  return 0;
}

/// to[j][i] = from[i][j] for a tile of at most kTile x kTile, so that both sides are read and written by
/// whole lines.
template <typename Word>
struct Tile {
  static constexpr std::int64_t kSide = 64 / static_cast<std::int64_t>(sizeof(Word));
  Word word[kSide][kSide];

  void move(std::byte* to, std::int64_t to_stride, const std::byte* from, std::int64_t from_stride,
            std::int64_t ni, std::int64_t nj) {
    for (std::int64_t i = 0; i < ni; ++i) {
      std::memcpy(word[i], from + i * from_stride, static_cast<std::size_t>(nj) * sizeof(Word));
    }
    for (std::int64_t j = 0; j < nj; ++j) {
      Word row[kSide];
      for (std::int64_t i = 0; i < kSide; ++i) row[i] = word[i][j];
      std::memcpy(to + j * to_stride, row, static_cast<std::size_t>(ni) * sizeof(Word));
    }
  }
};

template <typename Word>
void copy_transposed(const Loop& loop, int axis) {
  constexpr std::int64_t kSide = Tile<Word>::kSide;
  const std::int64_t blocks_i = (loop.extent[0] + kSide - 1) / kSide;
  const std::int64_t blocks_j = (loop.extent[axis] + kSide - 1) / kSide;
  Loop outer;
  outer.operands = 2;
  std::int64_t strides[2];
  for (int k = 0; k < 2; ++k) {
    outer.base[k] = loop.base[k];
    outer.item[k] = loop.item[k];
  }
  for (int other = 1; other < loop.rank; ++other) {
    if (other == axis) continue;
    for (int k = 0; k < 2; ++k) strides[k] = loop.stride[k][other];
    outer.add_axis(loop.extent[other], strides);
  }
  // Tiles along the output's rows come first: each thread then writes whole bands.
  const std::int64_t tiles = outer.size * blocks_i * blocks_j;
  parallel_for(tiles, std::max<std::int64_t>(1, kGrainBytes / (kSide * 64)),
               [&](std::int64_t begin, std::int64_t end) {
                 Tile<Word> tile = {};
                 for (std::int64_t t = begin; t < end; ++t) {
                   const std::int64_t i = t % blocks_i * kSide;
                   const std::int64_t j = t / blocks_i % blocks_j * kSide;
                   const std::int64_t o = t / (blocks_i * blocks_j);
                   std::byte* to = outer.address(0, o) + i * loop.stride[0][0] + j * loop.stride[0][axis];
                   const std::byte* from =
                       outer.address(1, o) + i * loop.stride[1][0] + j * loop.stride[1][axis];
                   tile.move(to, loop.stride[0][axis], from, loop.stride[1][0],
                             std::min(kSide, loop.extent[0] - i), std::min(kSide, loop.extent[axis] - j));
                 }
               });
}

}  // namespace

void copy_elements(const Loop& loop) {
  const std::int64_t item = loop.item[0];
  if (loop.flat(0) && loop.flat(1)) {
    parallel_for(loop.size * item, kGrainBytes, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(loop.base[0] + begin, loop.base[1] + begin, static_cast<std::size_t>(end - begin));
    });
    return;
  }
  if (const int axis = transposed_axis(loop); axis != 0 && loop.extent[0] > 1) {
    visit_word(item, [&]<typename Word>(plugin::TypeTag<Word>) { copy_transposed<Word>(loop, axis); });
    return;
  }
  for_each_chunk(loop, kGrainBytes / item, [item](const std::byte* const* in, std::byte* to, std::size_t n) {
    std::memcpy(to, in[0], n * static_cast<std::size_t>(item));
  });
}

bool copy(const Call& call, bool run) {
  const View x = call.input(0);
  const View out = call.output();
  const DType from = x.dtype();
  const DType to = out.dtype();
  const UnaryKernel kernel = cast_table().find(static_cast<std::uint32_t>(from), to);
  if (kernel == nullptr || !run) return kernel != nullptr;
  const View views[] = {out, x};
  const Loop loop = make_loop(views);
  if (loop.size == 0) return true;
  if (from == to) {
    copy_elements(loop);
  } else {
    for_each_chunk(loop, 16384, [kernel](const std::byte* const* in, std::byte* out_chunk, std::size_t n) {
      kernel(in[0], out_chunk, n);
    });
  }
  return true;
}

}  // namespace tenon::cpu
