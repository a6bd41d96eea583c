// Device memory for the host, and its way there and back.
#pragma once

#include "cuda/queue.h"

#include <tenon/plugin/backend.hpp>

#include <cstddef>
#include <mutex>
#include <vector>

namespace tenon::cuda {

/// The devices' memory pools. All functions may be called from any thread.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

  /// Memory that any stream may use at once. Throws plugin::OutOfDeviceMemory.
  void* allocate(int device, std::size_t bytes);
  /// Nothing that is queued may use the memory any more.
  void deallocate(int device, void* memory) noexcept;

 private:
  cudaStream_t stream_of(int device);

  // A stream for each device on which nothing else is queued: allocations wait for no kernel, and are in order with
  // the frees before them.
  std::mutex mutex_;
  std::vector<cudaStream_t> streams_;
};

/// See tenon_backend_table.copy. Work between two devices is ordered with what this thread asked of either.
void copy_memory(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
                 void* stream);

/// See tenon_backend_table.synchronize.
void synchronize_device(int device, void* stream);

}  // namespace tenon::cuda
