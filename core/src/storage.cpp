#include <tenon/storage.h>

#include "device_memory.h"

namespace tenon {

void Storage::place(DeviceMemory* memory) {
  data_ = memory == nullptr ? host_memory::allocate(bytes_) : memory->allocate(bytes_);
  memory_ = memory;
  // Work of this thread on what the block held before may be under way.
  if (memory != nullptr) user_.store(DeviceMemory::this_thread(), std::memory_order_relaxed);
}

Storage::~Storage() {
  if (data_ == nullptr) return;
  if (memory_ == nullptr) {
    host_memory::deallocate(data_, bytes_);
  } else {
    memory_->deallocate(data_, bytes_, user_.load(std::memory_order_relaxed),
                        shared_.load(std::memory_order_relaxed));
  }
}

void Storage::claim_on_device() {
  const std::uint64_t self = DeviceMemory::this_thread();
  const std::uint64_t before = user_.exchange(self, std::memory_order_acq_rel);
  if (before == self) return;
  shared_.store(true, std::memory_order_relaxed);
  try {
    memory_->synchronize();
  } catch (...) {
    user_.store(kUnknown, std::memory_order_release);  // whoever comes next has still to wait
    throw;
  }
}

}  // namespace tenon
