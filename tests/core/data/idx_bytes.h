// IDX files for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "temporary_folder.h"

namespace tenon::testing {

inline std::string idx(int type, const std::vector<std::uint32_t>& extents, const std::string& elements) {
  std::string bytes(2, '\0');
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(extents.size());
  for (const std::uint32_t extent : extents) bytes += big_endian(extent, 4);
  return bytes + elements;
}

}  // namespace tenon::testing
