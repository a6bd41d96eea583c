// Memory behind tensors, and the cache that the host's comes from.
#pragma once

#include <tenon/export.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tenon {

class DeviceMemory;

/// One block of 64-byte aligned memory of the host or of a device, shared by the tensors that view it. Its
/// contents may be read from any thread; who writes must be alone.
class TENON_API Storage {
 public:
  /// Memory of `bytes` bytes to be, which place() takes.
  explicit Storage(std::size_t bytes) : bytes_(bytes) {}
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Takes uninitialised memory of a device, or of the host if `memory` is null. Once. Throws OutOfMemory.
  void place(DeviceMemory* memory);
  [[nodiscard]] bool is_placed() const { return data_ != nullptr; }
  /// Null: the host's.
  [[nodiscard]] DeviceMemory* memory() const { return memory_; }
  /// The address on the host; the device's address or handle.
  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Before this thread lets a device read the contents: waits for what another thread lets it write. Both throw
  /// BackendError if that failed.
  void claim_to_read() {
    if (memory_ != nullptr) read_on_device();
  }
  /// Before it lets the device change them: waits for all that other threads asked of them.
  void claim_to_write() {
    if (memory_ != nullptr) write_on_device();
  }

  /// How often the contents were changed in place; a saved tensor remembers it to notice a change.
  [[nodiscard]] std::uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }
  /// For what takes the place of another storage.
  void set_version(std::uint32_t version) { version_.store(version, std::memory_order_relaxed); }

 private:
  void read_on_device();
  void write_on_device();

  void* data_ = nullptr;
  std::size_t bytes_;
  DeviceMemory* memory_ = nullptr;
  // The threads whose work on the device may be under way.
  static constexpr std::uint64_t kNobody = 0;
  static constexpr std::uint64_t kSeveral = ~std::uint64_t{0};
  std::atomic<std::uint64_t> writer_{kNobody};
  std::atomic<std::uint64_t> reader_{kNobody};
  std::atomic<std::uint32_t> version_{0};
};

struct MemoryStatistics {
  std::size_t in_use = 0;  ///< bytes handed out, in whole size classes
  std::size_t cached = 0;  ///< bytes kept for the next request
  std::size_t peak = 0;    ///< the most that was held, in use and cached, at any time
};

/// The process's cache of host memory. Freed blocks are kept by size class and handed out again. Thread-safe.
namespace host_memory {

using Statistics = MemoryStatistics;

/// 64-byte aligned and uninitialised; never null, also for 0 bytes. Throws OutOfMemory after it gave the
/// cache back to the system and tried again.
TENON_API void* allocate(std::size_t bytes);
/// Gives back what allocate() returned for the same number of bytes.
TENON_API void deallocate(void* memory, std::size_t bytes) noexcept;
TENON_API Statistics statistics();
/// Returns the cached blocks of all threads' common cache, and this thread's, to the system.
TENON_API void release_cache();

}  // namespace host_memory
}  // namespace tenon
