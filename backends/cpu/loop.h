// A nest of loops over several strided operands of one shape, brought into its simplest form.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tenon::cpu {

/// Axis 0 is the innermost. Strides are in bytes. Extent-1 axes are dropped, and neighbours that every
/// operand steps through as through one axis are merged, so that most calls end with rank 0 or 1.
/// Say `Loop loop;`, not `Loop{}`: the arrays stay uninitialised, as a small call must not pay for 32 axes.
struct Loop {
  static constexpr int kMaxOperands = 4;

  int rank = 0;
  int operands = 0;
  std::int64_t size = 1;
  std::int64_t extent[TENON_MAX_RANK];
  std::int64_t stride[kMaxOperands][TENON_MAX_RANK];
  std::byte* base[kMaxOperands];
  std::int64_t item[kMaxOperands];

  /// Appends an operand; all must be there before the first axis.
  void add_operand(const plugin::View& view);
  /// Appends an axis as the new outermost one.
  void add_axis(std::int64_t axis_extent, const std::int64_t* byte_strides);
  /// Sorts the axes by the stride of operand `key`, smallest first (zero strides last).
  void sort_axes(int key);
  /// Merges neighbouring axes where the order of steps allows it.
  void merge_axes();

  /// Whether the elements lie one after another in the loop's order.
  [[nodiscard]] bool flat(int operand) const;
  /// Whether every step stays on one element.
  [[nodiscard]] bool constant(int operand) const;
  /// The address of the `i`-th element in the loop's order, axis 0 fastest.
  [[nodiscard]] std::byte* address(int operand, std::int64_t i) const;
  /// Copies `n` elements from the `i`-th on into a dense buffer, or from there back into place.
  void gather(int operand, std::int64_t i, std::int64_t n, std::byte* buffer) const;
  void scatter(int operand, std::int64_t i, std::int64_t n, const std::byte* buffer) const;
};

/// The loop over all elements of `views`, of one shape; the first is the output, whose strides decide the
/// order.
template <std::size_t N>
Loop make_loop(const plugin::View (&views)[N]);

/// The same in row-major order of the shape, for ops to which the order matters.
template <std::size_t N>
Loop make_ordered_loop(const plugin::View (&views)[N]);

/// sizeof an element.
inline std::int64_t item_size(const plugin::View& view) { return view.dlpack().dtype.bits / 8; }

inline std::byte* address(const plugin::View& view) { return view.data<std::byte>(); }

/// Calls `f(TypeTag<Word>{})` with the unsigned type of `bytes` bytes: moving elements needs no more of a
/// dtype.
template <typename F>
decltype(auto) visit_word(std::int64_t bytes, F&& f) {
  switch (bytes) {
    case 1:
      return f(plugin::TypeTag<std::uint8_t>{});
    case 2:
      return f(plugin::TypeTag<std::uint16_t>{});
    case 4:
      return f(plugin::TypeTag<std::uint32_t>{});
    default:
      return f(plugin::TypeTag<std::uint64_t>{});
  }
}

/// Adds every axis of `views`, innermost first.
inline void add_axes(Loop& loop, const plugin::View* views) {
  const auto shape = views[0].shape();
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    std::int64_t strides[Loop::kMaxOperands];
    for (int i = 0; i < loop.operands; ++i) strides[i] = views[i].strides()[axis] * loop.item[i];
    loop.add_axis(shape[axis], strides);
  }
}

template <std::size_t N>
Loop make_ordered_loop(const plugin::View (&views)[N]) {
  static_assert(N <= Loop::kMaxOperands);
  Loop loop;
  for (const plugin::View& view : views) loop.add_operand(view);
  add_axes(loop, views);
  loop.merge_axes();
  return loop;
}

template <std::size_t N>
Loop make_loop(const plugin::View (&views)[N]) {
  static_assert(N <= Loop::kMaxOperands);
  Loop loop;
  for (const plugin::View& view : views) loop.add_operand(view);
  add_axes(loop, views);
  loop.sort_axes(0);
  loop.merge_axes();
  return loop;
}

}  // namespace tenon::cpu
