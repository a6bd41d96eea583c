// Device memory for the host, and its way there and back. All functions may be called from any thread.
#pragma once

#include "cuda/queue.h"

#include <tenon/plugin/backend.hpp>

#include <cstddef>

namespace tenon::cuda {

/// Memory that any stream may use at once. Throws plugin::OutOfDeviceMemory.
void* allocate_memory(int device, std::size_t bytes);
/// Nothing that is queued may use the memory any more.
void deallocate_memory(int device, void* memory) noexcept;

/// See tenon_backend_table.copy. Work between two devices is ordered with what this thread asked of either.
void copy_memory(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
                 void* stream);

/// See tenon_backend_table.synchronize.
void synchronize_device(int device, void* stream);

}  // namespace tenon::cuda
