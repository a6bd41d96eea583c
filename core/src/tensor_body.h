// What a Tensor handle points to.
#pragma once

#include <tenon/storage.h>
#include <tenon/tensor.h>

#include "autograd/edge.h"

namespace tenon {

// Make one with std::allocate_shared_for_overwrite: Dims need not be zeroed where they are not used.
struct TensorBody {
  Shape shape;
  Strides strides;
  std::int64_t offset = 0;  // in elements
  DType dtype = DType::float32;
  std::int64_t size = 0;
  std::shared_ptr<Storage> storage;
  autograd::Edge edge;  // where its gradient goes; empty if it needs none

  [[nodiscard]] void* address() const {
    return static_cast<std::byte*>(storage->data()) + static_cast<std::size_t>(offset) * item_size(dtype);
  }
};

/// A tensor on existing memory; without history.
Tensor make_view(const Tensor& base, const Shape& shape, const Strides& strides, std::int64_t offset);

}  // namespace tenon
