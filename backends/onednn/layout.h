// Shapes and strides as oneDNN's memory descriptors.
#pragma once

#include "onednn/dnnl_version.h"

#include <tenon/plugin/backend.hpp>

#include <cstdint>
#include <utility>

namespace tenon::onednn {

/// oneDNN's limit.
inline constexpr int kMaxRank = 12;

/// The shape and strides of an operand, or of a part of it.
struct Layout {
  int rank = 0;
  std::int64_t shape[kMaxRank];
  std::int64_t strides[kMaxRank];

  void add(std::int64_t extent, std::int64_t stride) {
    shape[rank] = extent;
    strides[rank++] = stride;
  }
  [[nodiscard]] std::int64_t size() const {
    std::int64_t size = 1;
    for (int i = 0; i < rank; ++i) size *= shape[i];
    return size;
  }
  /// Whether no two elements share an address and the axes nest: what oneDNN asks of strides.
  [[nodiscard]] bool nests() const {
    std::pair<std::int64_t, std::int64_t> axes[kMaxRank];  // stride and extent, the smallest stride first
    int count = 0;
    for (int i = 0; i < rank; ++i) {
      if (shape[i] == 1) continue;
      int at = count++;
      for (; at > 0 && axes[at - 1].first > strides[i]; --at) axes[at] = axes[at - 1];
      axes[at] = {strides[i], shape[i]};
    }
    std::int64_t least = 1;
    for (int i = 0; i < count; ++i) {
      if (axes[i].first < least) return false;
      least = axes[i].first * axes[i].second;
    }
    return true;
  }
  /// Throws dnnl::error unless it nests.
  [[nodiscard]] dnnl::memory::desc descriptor(dnnl::memory::data_type type) const {
    return {dnnl::memory::dims(shape, shape + rank), type, dnnl::memory::dims(strides, strides + rank)};
  }
  /// Valid as long as this layout is.
  [[nodiscard]] DLTensor tensor(void* data, DLDataType dtype) const {
    return {
        data, {kDLCPU, 0}, rank, dtype, const_cast<std::int64_t*>(shape), const_cast<std::int64_t*>(strides),
        0};
  }
};

}  // namespace tenon::onednn
