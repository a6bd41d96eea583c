// The memory of one device of a backend, and the cache that it is handed out from.
#pragma once

#include <tenon/plugin/abi.h>
#include <tenon/storage.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "size_class.h"

namespace tenon {

/// Freed blocks are kept by size class, with the thread whose work on them may be under way: that thread gets
/// them back at once, another one only after a synchronisation. Thread-safe; never destroyed.
class DeviceMemory {
 public:
  /// `table` has all four memory functions; `device` is what it calls device `index`.
  DeviceMemory(const tenon_backend_table& table, tenon_backend* instance, std::int32_t index,
               const std::string& backend, DLDevice device);
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  /// "cuda:1".
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::int32_t index() const { return index_; }
  [[nodiscard]] DLDevice dlpack() const { return device_; }
  [[nodiscard]] const tenon_backend* instance() const { return instance_; }

  /// Never null, also for 0 bytes. Throws OutOfMemory, that says what was asked for and what is left, after it
  /// gave the cache back to the device and tried again.
  void* allocate(std::size_t bytes);
  /// `user`: the thread that worked on it last, 0 for none; `shared`: whether others did, too.
  void deallocate(void* memory, std::size_t bytes, std::uint64_t user, bool shared) noexcept;
  /// Waits for the work of all threads and gives the cached blocks back to the device.
  void release_cache() noexcept;
  [[nodiscard]] MemoryStatistics statistics() const;

  /// Bytes from the host, to the host, and from another device; counted. The caller has claimed the storages.
  /// Throw BackendError, OutOfMemory.
  void write(void* to, const void* from, std::size_t bytes);
  void read(void* to, const void* from, std::size_t bytes);
  void copy_from(DeviceMemory& other, void* to, const void* from, std::size_t bytes);
  /// Waits for the work of all threads. Throws BackendError with the failure of what was queued.
  void synchronize();

  /// Throws BackendError in a process that was forked since.
  void check_process() const;

  /// A number that no other thread has or will have; not 0.
  static std::uint64_t this_thread();

 private:
  struct Block {
    void* memory;
    std::uint64_t user;
    std::uint64_t freed_at;  // how many waits had begun
  };

  void* take_cached(const SizeClass& size);
  tenon_status take_from_device(std::size_t bytes, void** memory);
  bool is_idle(const Block& block) const;
  tenon_status wait();
  bool settle() noexcept;
  void throw_kept_failure();
  void copy(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes);

  const tenon_backend_table& table_;
  tenon_backend* instance_;
  std::int32_t index_;
  int forks_;
  std::string name_;
  DLDevice device_;

  mutable std::mutex mutex_;
  std::vector<Block> cached_[SizeClass::kCount];
  std::uint64_t waits_begun_ = 0;
  std::uint64_t last_wait_ = 0;  // the latest to begin of those that ended well
  MemoryStatistics statistics_;
  std::optional<std::string> failure_;  // of what was queued, seen where nobody could be told
};

}  // namespace tenon
