// Elements whose bytes come in the other order.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

namespace tenon::io {

static_assert(std::endian::native == std::endian::little, "files are read and written little-endian");

/// Turns around each group of `item_size` bytes, in place.
inline void swap_byte_order(std::span<std::byte> bytes, std::size_t item_size) {
  for (std::size_t i = 0; i + item_size <= bytes.size(); i += item_size) {
    std::ranges::reverse(bytes.subspan(i, item_size));
  }
}

}  // namespace tenon::io
