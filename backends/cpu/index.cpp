// INDEX: gather, scatter-add and one-hot. Indices are checked first, all of them, before anything is written.
#include "cpu/families.h"
#include "cpu/loop.h"
#include "cpu/tables.h"
#include "cpu/threads.h"

#include <algorithm>
#include <string>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

constexpr std::int64_t kGrain = 32768;  // elements worth a thread

std::int64_t load_index(const std::byte* at, bool wide) {
  return wide ? *reinterpret_cast<const std::int64_t*>(at) : *reinterpret_cast<const std::int32_t*>(at);
}

/// Throws InvalidData for the first index, in row-major order, outside [0, extent). Axes with stride 0 are
/// looked at once.
void check_indices(const View& index, std::int64_t extent, int axis) {
  if (index.size() == 0) return;
  const bool wide = index.dtype() == DType::int64;
  Loop loop;
  loop.add_operand(index);
  for (std::size_t i = index.shape().size(); i-- > 0;) {
    const std::int64_t stride = index.strides()[i] * loop.item[0];
    if (stride != 0) loop.add_axis(index.shape()[i], &stride);
  }
  loop.merge_axes();
  const std::int64_t n = loop.rank == 0 ? 1 : loop.extent[0];
  const std::int64_t step = loop.rank == 0 ? 0 : loop.stride[0][0];
  for (std::int64_t i = 0; i < loop.size; i += n) {
    const std::byte* from = loop.address(0, i);
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t value = load_index(from + j * step, wide);
      if (value >= 0 && value < extent) continue;
      throw plugin::InvalidData("index " + std::to_string(value) + " is outside [0, " +
                                std::to_string(extent) + ") on axis " + std::to_string(axis));
    }
  }
}

/// The axes of an indexed op but `axis`, over (moved, indexed, index): the operand that is walked in order
/// (gather's output, scatter's source), the one that is indexed, and the indices.
struct Plan {
  Loop rest;
  std::int64_t extent;  // of the moved operand along the axis
  std::int64_t moved_step;
  std::int64_t indexed_step;
  std::int64_t index_step;
  bool wide;
  bool whole_slices;  // one index serves a whole slice

  Plan(const View& moved, const View& indexed, const View& index, int axis)
      : extent(moved.shape()[static_cast<std::size_t>(axis)]), wide(index.dtype() == DType::int64) {
    const View* views[] = {&moved, &indexed, &index};
    for (const View* view : views) rest.add_operand(*view);
    const auto step = [&](std::size_t at, int k) { return views[k]->strides()[at] * rest.item[k]; };
    const auto at = static_cast<std::size_t>(axis);
    moved_step = step(at, 0);
    indexed_step = step(at, 1);
    index_step = step(at, 2);
    for (std::size_t i = moved.shape().size(); i-- > 0;) {
      const std::int64_t strides[] = {step(i, 0), step(i, 1), step(i, 2)};
      if (i != at) rest.add_axis(moved.shape()[i], strides);
    }
    rest.sort_axes(0);
    rest.merge_axes();
    whole_slices = rest.constant(2);
  }

  [[nodiscard]] std::int64_t indexed_offset(const std::byte* index_at) const {
    return load_index(index_at, wide) * indexed_step;
  }
};

/// Calls move(moved, indexed, index, count) for the pieces of axis 0 in the slice elements [begin, end).
template <typename F>
void for_each_piece(const Loop& loop, std::int64_t begin, std::int64_t end, F&& move) {
  const std::int64_t row = loop.rank == 0 ? 1 : loop.extent[0];
  for (std::int64_t i = begin, n = 0; i < end; i += n) {
    n = std::min(end - i, row - i % row);
    move(loop.address(0, i), loop.address(1, i), loop.address(2, i), n);
  }
}

std::int64_t inner_step(const Loop& loop, int operand) {
  return loop.rank == 0 ? 0 : loop.stride[operand][0];
}

template <typename Word>
void gather(const Plan& plan) {
  const Loop& rest = plan.rest;
  const std::int64_t to_step = inner_step(rest, 0);
  const std::int64_t from_step = inner_step(rest, 1);
  const std::int64_t index_step = inner_step(rest, 2);
  constexpr auto kItem = static_cast<std::int64_t>(sizeof(Word));
  const bool dense = to_step == kItem && from_step == kItem && index_step == 0;
  const auto move = [&](std::int64_t p, std::int64_t begin, std::int64_t end) {
    for_each_piece(
        rest, begin, end, [&](std::byte* to, const std::byte* from, const std::byte* index, std::int64_t n) {
          to += p * plan.moved_step;
          index += p * plan.index_step;
          if (dense) {
            std::memcpy(to, from + plan.indexed_offset(index), static_cast<std::size_t>(n) * sizeof(Word));
            return;
          }
          for (std::int64_t i = 0; i < n; ++i) {
            const std::byte* source = from + i * from_step + plan.indexed_offset(index + i * index_step);
            std::memcpy(to + i * to_step, source, sizeof(Word));
          }
        });
  };
  // Threads divide the longer of the two: positions along the axis, or positions in a slice.
  if (plan.extent >= rest.size) {
    parallel_for(plan.extent, std::max<std::int64_t>(1, kGrain / rest.size),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t p = begin; p < end; ++p) move(p, 0, rest.size);
                 });
  } else {
    parallel_for(rest.size, std::max<std::int64_t>(1, kGrain / plan.extent),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t p = 0; p < plan.extent; ++p) move(p, begin, end);
                 });
  }
}

/// Threads divide the slice, so that each element of the output is one thread's, which adds in the order of
/// the axis.
void scatter_add(const Plan& plan, BinaryKernel add) {
  const Loop& rest = plan.rest;
  const std::int64_t from_step = inner_step(rest, 0);
  const std::int64_t to_step = inner_step(rest, 1);
  const std::int64_t index_step = inner_step(rest, 2);
  const std::int64_t item = rest.item[0];
  const bool dense = to_step == item && from_step == item && index_step == 0;
  parallel_for(
      rest.size, std::max<std::int64_t>(64, kGrain / plan.extent), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t p = 0; p < plan.extent; ++p) {
          for_each_piece(rest, begin, end,
                         [&](const std::byte* from, std::byte* to, const std::byte* index, std::int64_t n) {
                           from += p * plan.moved_step;
                           index += p * plan.index_step;
                           if (dense) {
                             to += plan.indexed_offset(index);
                             add(to, from, to, static_cast<std::size_t>(n));
                             return;
                           }
                           for (std::int64_t i = 0; i < n; ++i) {
                             std::byte* target =
                                 to + i * to_step + plan.indexed_offset(index + i * index_step);
                             add(target, from + i * from_step, target, 1);
                           }
                         });
        }
      });
}

template <typename T>
void one_hot(const View& index, const View& out) {
  const auto last = static_cast<std::size_t>(index.rank());
  const std::int64_t classes = out.shape()[last];
  const std::int64_t step = out.strides()[last] * static_cast<std::int64_t>(sizeof(T));
  const bool wide = index.dtype() == DType::int64;
  const T one = plugin::cast_element<T>(std::uint8_t{1});
  const T zero = plugin::cast_element<T>(std::uint8_t{0});
  Loop loop;
  loop.add_operand(out);
  loop.add_operand(index);
  for (std::size_t i = last; i-- > 0;) {
    const std::int64_t strides[] = {out.strides()[i] * loop.item[0], index.strides()[i] * loop.item[1]};
    loop.add_axis(index.shape()[i], strides);
  }
  loop.merge_axes();
  if (classes == 0) return;
  parallel_for(loop.size, std::max<std::int64_t>(1, kGrain / classes),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   std::byte* to = loop.address(0, i);
                   const std::int64_t hot = load_index(loop.address(1, i), wide);
                   for (std::int64_t c = 0; c < classes; ++c)
                     *reinterpret_cast<T*>(to + c * step) = c == hot ? one : zero;
                 }
               });
}

}  // namespace

bool index(const Call& call, bool run) {
  const auto& attributes = call.attributes<tenon_index_attributes>();
  const View out = call.output();
  const int axis = attributes.axis;
  switch (attributes.member) {
    case TENON_INDEX_GATHER: {
      if (!run) return true;
      const View x = call.input(0);
      const View positions = call.input(1);
      check_indices(positions, x.shape()[static_cast<std::size_t>(axis)], axis);
      if (out.size() == 0) return true;
      const Plan plan(out, x, positions, axis);
      visit_word(item_size(x), [&]<typename Word>(plugin::TypeTag<Word>) { gather<Word>(plan); });
      return true;
    }
    case TENON_INDEX_SCATTER_ADD: {
      const View source = call.input(1);
      const BinaryKernel add = binary_table().find(TENON_BINARY_ADD, source.dtype());
      if (source.dtype() == DType::boolean || !run) return source.dtype() != DType::boolean;
      check_indices(call.input(0), out.shape()[static_cast<std::size_t>(axis)], axis);
      if (source.size() != 0) scatter_add(Plan(source, out, call.input(0), axis), add);
      return true;
    }
    case TENON_INDEX_ONE_HOT: {
      if (!run) return true;
      const View positions = call.input(0);
      check_indices(positions, out.shape().back(), out.rank() - 1);
      plugin::visit_dtype(out.dtype(), [&]<typename T>(plugin::TypeTag<T>) { one_hot<T>(positions, out); });
      return true;
    }
    default:
      return false;
  }
}

}  // namespace tenon::cpu
