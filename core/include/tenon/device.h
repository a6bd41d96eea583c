// Where tensors lie: in the host's memory, or in that of a backend's device. An op's result lies in the memory
// of the first backend that was chosen for it (backend.h); operands that lie elsewhere are copied there, which
// is counted, and said as the fallback policy has it.
#pragma once

#include <tenon/export.h>
#include <tenon/storage.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tenon {

/// A memory. Cheap to copy and to compare.
class TENON_API Device {
 public:
  /// The host's.
  Device() = default;
  /// "cpu", or a backend's name with the number of the device, 0 if there is none: "opencl", "cuda:1". The name
  /// of a backend that works on host memory names the host's. Opens the plugin. Throws BackendError that lists
  /// what there is.
  explicit Device(std::string_view name);
  /// For the library's own parts.
  explicit Device(DeviceMemory* memory) : memory_(memory) {}

  /// "cpu", "opencl:0".
  [[nodiscard]] std::string name() const;
  [[nodiscard]] bool is_host() const { return memory_ == nullptr; }
  /// Waits until everything is done that any thread asked of it. Throws BackendError with the failure of what
  /// was queued.
  void synchronize() const;
  [[nodiscard]] MemoryStatistics statistics() const;
  /// Gives the memory that is kept for later requests back to the system or the device.
  void release_cache() const;

  [[nodiscard]] DeviceMemory* memory() const { return memory_; }
  friend bool operator==(const Device&, const Device&) = default;

 private:
  DeviceMemory* memory_ = nullptr;
};

/// The memory of the backend that is chosen on this thread.
TENON_API Device current_device();

/// `x` in the memory of `device`: x itself if it lies there, else a contiguous copy. Gradients go back to where x
/// lies. Throws OutOfMemory, BackendError.
TENON_API Tensor to(const Tensor& x, const Device& device);

/// How often bytes went from one memory to another, over the whole process.
struct Transfers {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
};
struct TransferCounts {
  Transfers to_device;
  Transfers to_host;
  Transfers between_devices;
};
TENON_API TransferCounts transfer_counts();
TENON_API void reset_transfer_counts();

}  // namespace tenon
