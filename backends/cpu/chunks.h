// Walks a Loop in chunks of dense arrays, on several threads.
#pragma once

#include "cpu/loop.h"
#include "cpu/threads.h"

#include <algorithm>
#include <cstddef>

namespace tenon::cpu {

inline constexpr std::int64_t kChunk = 512;

/// One operand of a Loop, a chunk at a time.
class ChunkReader {
 public:
  ChunkReader(const Loop& loop, int operand)
      : loop_(&loop),
        operand_(operand),
        item_(loop.item[operand]),
        flat_(loop.flat(operand)),
        constant_(loop.constant(operand)) {}

  /// `n` <= kChunk elements from the `i`-th on; if `row`, they lie in one piece of axis 0.
  const std::byte* read(std::int64_t i, std::int64_t n, bool row) {
    if (flat_) return loop_->base[operand_] + i * item_;
    if (constant_) {
      repeat(loop_->base[operand_], n);
      return buffer_;
    }
    if (row && loop_->stride[operand_][0] == item_) return loop_->address(operand_, i);
    if (row && loop_->stride[operand_][0] == 0) {
      repeat(loop_->address(operand_, i), n);
      return buffer_;
    }
    loop_->gather(operand_, i, n, buffer_);
    return buffer_;
  }

 private:
  /// Fills the buffer with n times the element at `from`; keeps what is there from the last time.
  void repeat(const std::byte* from, std::int64_t n) {
    if (from == repeated_ && n <= count_) return;
    visit_word(item_, [&]<typename Word>(plugin::TypeTag<Word>) {
      Word word;
      std::memcpy(&word, from, sizeof(Word));
      std::fill_n(reinterpret_cast<Word*>(buffer_), n, word);
    });
    repeated_ = from;
    count_ = n;
  }

  const Loop* loop_;
  int operand_;
  std::int64_t item_;
  bool flat_;
  bool constant_;
  const std::byte* repeated_ = nullptr;
  std::int64_t count_ = 0;
  alignas(64) std::byte buffer_[kChunk * 8];
};

/// Rows at least this long are walked one by one, so that operands dense along axis 0 need no buffer.
inline constexpr std::int64_t kLongRow = 128;

/// Calls kernel(in, out, n) until all elements of `loop` are done: operand 0 is the output, `in` the others.
/// Threads share the work if there are at least two grains of it.
template <typename Kernel>
void for_each_chunk(const Loop& loop, std::int64_t grain, Kernel&& kernel) {
  const std::int64_t item = loop.item[0];
  const int inputs = loop.operands - 1;
  const bool out_flat = loop.flat(0);
  bool all_flat = out_flat;
  for (int i = 1; i <= inputs; ++i) all_flat = all_flat && loop.flat(i);

  if (all_flat) {
    parallel_for(loop.size, grain, [&](std::int64_t begin, std::int64_t end) {
      const std::byte* in[Loop::kMaxOperands];
      for (int i = 0; i < inputs; ++i) in[i] = loop.base[i + 1] + begin * loop.item[i + 1];
      kernel(in, loop.base[0] + begin * item, static_cast<std::size_t>(end - begin));
    });
    return;
  }

  const bool by_row = loop.rank > 0 && loop.extent[0] >= kLongRow;
  const bool out_rows = by_row && loop.stride[0][0] == item;
  parallel_for(loop.size, grain, [&](std::int64_t begin, std::int64_t end) {
    ChunkReader readers[] = {{loop, 1}, {loop, std::min(2, inputs)}, {loop, std::min(3, inputs)}};
    const std::byte* in[Loop::kMaxOperands];
    alignas(64) std::byte buffer[kChunk * 8];
    for (std::int64_t i = begin, n = 0; i < end; i += n) {
      n = std::min(kChunk, end - i);
      if (by_row) n = std::min(n, loop.extent[0] - i % loop.extent[0]);
      for (int k = 0; k < inputs; ++k) in[k] = readers[k].read(i, n, by_row);
      if (out_flat) {
        kernel(in, loop.base[0] + i * item, static_cast<std::size_t>(n));
      } else if (out_rows) {
        kernel(in, loop.address(0, i), static_cast<std::size_t>(n));
      } else {
        kernel(in, buffer, static_cast<std::size_t>(n));
        loop.scatter(0, i, n, buffer);
      }
    }
  });
}

}  // namespace tenon::cpu
