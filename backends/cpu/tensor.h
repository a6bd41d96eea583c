// Tensors and calls that a backend makes itself, to use the shared kernels around its own.
#pragma once

#include "cpu/kernels.h"

#include <tenon/plugin/backend.hpp>

#include <cstdint>
#include <initializer_list>
#include <span>

namespace tenon::cpu {

/// A DLTensor with its own shape and strides. Does not own the elements; not movable, for views point into
/// it.
class Tensor {
 public:
  /// Dense in row-major order, uninitialised.
  Tensor(void* data, DType dtype, std::span<const std::int64_t> shape) : Tensor(data, dtype, shape.size()) {
    std::int64_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      shape_[axis] = shape[axis];
      strides_[axis] = stride;
      stride *= shape[axis];
    }
  }
  /// The element at `data`, repeated.
  static Tensor repeated(void* data, DType dtype, std::span<const std::int64_t> shape) {
    return Tensor(data, dtype, shape, 0);
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  [[nodiscard]] const DLTensor& dlpack() const { return tensor_; }
  [[nodiscard]] plugin::View view() const { return plugin::View(tensor_); }

 private:
  Tensor(void* data, DType dtype, std::size_t rank)
      : tensor_{data, {kDLCPU, 0}, static_cast<int>(rank), plugin::to_dlpack(dtype), shape_, strides_, 0} {}
  Tensor(void* data, DType dtype, std::span<const std::int64_t> shape, std::int64_t stride)
      : Tensor(data, dtype, shape.size()) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      shape_[axis] = shape[axis];
      strides_[axis] = stride;
    }
  }

  std::int64_t shape_[TENON_MAX_RANK];
  std::int64_t strides_[TENON_MAX_RANK];
  DLTensor tensor_;
};

/// Runs a member of UNARY, BINARY or TERNARY, or COPY (whose member is ignored), through the shared kernels.
inline bool run_member(std::uint32_t op, std::uint32_t member, std::initializer_list<DLTensor> inputs,
                       const DLTensor& out) {
  const tenon_member_attributes attributes = {sizeof(tenon_member_attributes), member};
  const tenon_call frame = {
      sizeof(tenon_call), op,     static_cast<std::uint32_t>(inputs.size()), 1, inputs.begin(), &out,
      &attributes,        nullptr};
  return run(plugin::Call(frame));
}

}  // namespace tenon::cpu
