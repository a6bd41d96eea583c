#include "opencl/layout.h"

namespace tenon::opencl {

std::int64_t offset_of(const plugin::View& view) {
  const DLTensor& tensor = view.dlpack();
  return static_cast<std::int64_t>(tensor.byte_offset / (tensor.dtype.bits / 8U));
}

Nest::Nest(std::initializer_list<plugin::View> operands) {
  int operand = 0;
  for (const plugin::View& view : operands) set_offset(operand++, offset_of(view));
  const auto shape = operands.begin()->shape();
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    Strides strides{};
    std::size_t k = 0;
    for (const plugin::View& view : operands) strides[k++] = view.strides()[axis];
    add_axis(shape[axis], strides);
  }
}

void Nest::add_axis(std::int64_t extent, const Strides& strides) {
  size_ *= extent;
  if (extent == 1) return;
  if (rank_ > 0) {
    const auto last = static_cast<std::size_t>(rank_ - 1);
    bool even = true;
    for (std::size_t k = 0; k < kOperands; ++k) even = even && strides_[last][k] == extent * strides[k];
    if (even) {
      extents_[last] *= extent;
      strides_[last] = strides;
      return;
    }
  }
  extents_[static_cast<std::size_t>(rank_)] = extent;
  strides_[static_cast<std::size_t>(rank_++)] = strides;
}

Box Nest::box(int operand) const {
  Box box;
  box.size = size_;
  box.rank = rank_ > 0 ? rank_ : 1;
  box.extent[0] = 1;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(rank_); ++axis) {
    box.extent[axis] = extents_[axis];
    box.stride[axis] = strides_[axis][static_cast<std::size_t>(operand)];
  }
  return box;
}

void Nest::fill(Layout& layout, int outer) const {
  layout.rank = rank_ > 0 ? rank_ - outer : 1;
  layout.extent[0] = 1;
  for (int axis = outer; axis < rank_; ++axis) {
    const auto from = static_cast<std::size_t>(axis);
    const int to = axis - outer;
    layout.extent[to] = extents_[from];
    layout.size *= extents_[from];
    for (std::size_t k = 0; k < kOperands; ++k) layout.stride[k][to] = strides_[from][k];
  }
}

void Nest::place(Layout& layout, int outer, std::int64_t index) const {
  layout.base = index * layout.size;
  for (std::size_t k = 0; k < kOperands; ++k) layout.offset[k] = offsets_[k];
  for (int axis = outer; axis-- > 0;) {
    const auto at = static_cast<std::size_t>(axis);
    for (std::size_t k = 0; k < kOperands; ++k) {
      layout.offset[k] += index % extents_[at] * strides_[at][k];
    }
    index /= extents_[at];
  }
}

}  // namespace tenon::opencl
