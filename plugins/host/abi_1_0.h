// The sizes of ABI 1.0, which every plugin of major 1 has at least. They never change; sizeof may grow.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstddef>

namespace tenon::plugin {

inline constexpr std::size_t kPassportSize10 = 276;
inline constexpr std::size_t kTableSize10 = 96;
inline constexpr std::size_t kDevicePropertiesSize10 = 288;

static_assert(sizeof(tenon_passport) >= kPassportSize10);
static_assert(sizeof(tenon_backend_table) >= kTableSize10);
static_assert(sizeof(tenon_device_properties) >= kDevicePropertiesSize10);

}  // namespace tenon::plugin
