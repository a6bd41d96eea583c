// The loops of a kernel over its operands: axes merged and packed as the kernels' prelude reads them.
#pragma once

#include "opencl/opencl.h"

#include <tenon/plugin/backend.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

namespace tenon::opencl {

inline constexpr int kOperands = 4;
/// A kernel's arguments are at most 1024 bytes everywhere; loops with more axes are made of several launches.
inline constexpr int kMaxAxes = 8;

/// `Layout` of prelude.cl.
struct Layout {
  cl_long size = 1;
  cl_long base = 0;
  cl_long rank = 0;
  cl_long offset[kOperands] = {};
  cl_long extent[kMaxAxes] = {};
  cl_long stride[kOperands][kMaxAxes] = {};
};

/// `Box` of reduce.cl.
struct Box {
  cl_long size = 1;
  cl_long rank = 0;
  cl_long extent[kMaxAxes] = {};
  cl_long stride[kMaxAxes] = {};
};

/// Where a tensor's first element lies, in elements from the start of its memory.
std::int64_t offset_of(const plugin::View& view);

/// A nest of loops over logical indices that crosses each of up to kOperands operands in its own strides.
class Nest {
 public:
  using Strides = std::array<std::int64_t, kOperands>;

  /// With no axis yet: one element.
  Nest() = default;
  /// Over the shape of the first view, with the strides of each.
  explicit Nest(std::initializer_list<plugin::View> operands);

  void set_offset(int operand, std::int64_t elements) {
    offsets_[static_cast<std::size_t>(operand)] = elements;
  }
  /// Adds an axis within those that are there, merged with its neighbour where every operand crosses both
  /// evenly.
  void add_axis(std::int64_t extent, const Strides& strides);

  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] int rank() const { return rank_; }
  /// rank() is at most kMaxAxes.
  [[nodiscard]] Box box(int operand) const;

  /// Calls f(const Layout&) for the whole nest, or once for each index of the outer axes that a layout has no
  /// room for; not at all if it is empty.
  template <typename F>
  void for_each_layout(F&& f) const {
    if (size_ == 0) return;
    Layout layout;
    const int outer = rank_ > kMaxAxes ? rank_ - kMaxAxes : 0;
    fill(layout, outer);
    for (std::int64_t i = 0; i * layout.size < size_; ++i) {
      place(layout, outer, i);
      f(std::as_const(layout));
    }
  }

 private:
  void fill(Layout& layout, int outer) const;
  void place(Layout& layout, int outer, std::int64_t index) const;

  std::int64_t size_ = 1;
  int rank_ = 0;
  Strides offsets_{};
  std::array<std::int64_t, TENON_MAX_RANK> extents_{};
  std::array<Strides, TENON_MAX_RANK> strides_{};
};

}  // namespace tenon::opencl
