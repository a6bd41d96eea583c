// Which of the machine's devices can be used, and what they are.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <string>

namespace tenon::cuda {

struct Devices {
  int count = 0;
  std::string reason;   ///< why there is none, and what mends it
  std::string library;  ///< cuBLAS and CUDA with their versions
};

/// Devices 0 to count - 1 can be used; what follows the first that cannot is left out. Makes no context
/// on any. Never throws CudaError.
Devices find_devices();

/// All memory counts as free on a device that was not used yet: to ask takes a context, which takes hundreds
/// of megabytes. Throws CudaError.
plugin::DeviceInfo describe_device(int index);

}  // namespace tenon::cuda
