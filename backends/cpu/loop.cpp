#include "cpu/loop.h"

#include <algorithm>

namespace tenon::cpu {
namespace {

struct Cursor {
  std::int64_t index[TENON_MAX_RANK];
  std::byte* at;
};

Cursor seek(const Loop& loop, int operand, std::int64_t i) {
  Cursor cursor;
  cursor.at = loop.base[operand];
  for (int axis = 0; axis < loop.rank; ++axis) {
    cursor.index[axis] = axis + 1 == loop.rank ? i : i % loop.extent[axis];
    if (axis + 1 < loop.rank) i /= loop.extent[axis];
    cursor.at += cursor.index[axis] * loop.stride[operand][axis];
  }
  return cursor;
}

/// Calls `move(at, stride, n)` for each piece of axis 0 in the elements [i, i + n).
template <typename F>
void for_each_row(const Loop& loop, int operand, std::int64_t i, std::int64_t n, F&& move) {
  const std::int64_t* stride = loop.stride[operand];
  Cursor cursor = seek(loop, operand, i);
  if (loop.rank == 0) {
    if (n > 0) move(cursor.at, std::int64_t{0}, n);
    return;
  }
  while (true) {
    const std::int64_t count = std::min(n, loop.extent[0] - cursor.index[0]);
    move(cursor.at, stride[0], count);
    n -= count;
    if (n <= 0) return;
    cursor.at -= cursor.index[0] * stride[0];
    cursor.index[0] = 0;
    for (int axis = 1; axis < loop.rank; ++axis) {
      cursor.at += stride[axis];
      if (++cursor.index[axis] < loop.extent[axis]) break;
      cursor.at -= cursor.index[axis] * stride[axis];
      cursor.index[axis] = 0;
    }
  }
}

}  // namespace

void Loop::add_operand(const plugin::View& view) {
  base[operands] = cpu::address(view);
  item[operands] = item_size(view);
  ++operands;
}

void Loop::add_axis(std::int64_t axis_extent, const std::int64_t* byte_strides) {
  size *= axis_extent;
  if (axis_extent == 1) return;
  extent[rank] = axis_extent;
  for (int i = 0; i < operands; ++i) stride[i][rank] = byte_strides[i];
  ++rank;
}

void Loop::sort_axes(int key) {
  const auto before = [&](int a, int b) {
    const std::int64_t x = stride[key][a];
    const std::int64_t y = stride[key][b];
    return x != 0 && (y == 0 || x < y);
  };
  for (int i = 1; i < rank; ++i) {
    for (int j = i; j > 0 && before(j, j - 1); --j) {
      std::swap(extent[j], extent[j - 1]);
      for (int k = 0; k < operands; ++k) std::swap(stride[k][j], stride[k][j - 1]);
    }
  }
}

void Loop::merge_axes() {
  if (rank < 2) return;
  int last = 0;
  for (int axis = 1; axis < rank; ++axis) {
    bool merges = true;
    for (int i = 0; i < operands; ++i) merges = merges && stride[i][axis] == stride[i][last] * extent[last];
    if (merges) {
      extent[last] *= extent[axis];
      continue;
    }
    ++last;
    extent[last] = extent[axis];
    for (int i = 0; i < operands; ++i) stride[i][last] = stride[i][axis];
  }
  rank = last + 1;
}

bool Loop::flat(int operand) const {
  std::int64_t expected = item[operand];
  for (int axis = 0; axis < rank; ++axis) {
    if (stride[operand][axis] != expected) return false;
    expected *= extent[axis];
  }
  return true;
}

bool Loop::constant(int operand) const {
  return std::all_of(stride[operand], stride[operand] + rank, [](std::int64_t s) { return s == 0; });
}

std::byte* Loop::address(int operand, std::int64_t i) const { return seek(*this, operand, i).at; }

void Loop::gather(int operand, std::int64_t i, std::int64_t n, std::byte* buffer) const {
  visit_word(item[operand], [&]<typename Word>(plugin::TypeTag<Word>) {
    for_each_row(*this, operand, i, n, [&](const std::byte* from, std::int64_t step, std::int64_t count) {
      if (step == static_cast<std::int64_t>(sizeof(Word))) {
        std::memcpy(buffer, from, static_cast<std::size_t>(count) * sizeof(Word));
      } else if (step == 0) {
        Word word;
        std::memcpy(&word, from, sizeof(Word));
        std::fill_n(reinterpret_cast<Word*>(buffer), count, word);
      } else {
        for (std::int64_t k = 0; k < count; ++k) {
          std::memcpy(buffer + k * static_cast<std::int64_t>(sizeof(Word)), from + k * step, sizeof(Word));
        }
      }
      buffer += count * static_cast<std::int64_t>(sizeof(Word));
    });
  });
}

void Loop::scatter(int operand, std::int64_t i, std::int64_t n, const std::byte* buffer) const {
  visit_word(item[operand], [&]<typename Word>(plugin::TypeTag<Word>) {
    for_each_row(*this, operand, i, n, [&](std::byte* to, std::int64_t step, std::int64_t count) {
      if (step == static_cast<std::int64_t>(sizeof(Word))) {
        std::memcpy(to, buffer, static_cast<std::size_t>(count) * sizeof(Word));
      } else {
        for (std::int64_t k = 0; k < count; ++k) {
          std::memcpy(to + k * step, buffer + k * static_cast<std::int64_t>(sizeof(Word)), sizeof(Word));
        }
      }
      buffer += count * static_cast<std::int64_t>(sizeof(Word));
    });
  });
}

}  // namespace tenon::cpu
