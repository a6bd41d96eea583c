#include <tenon/storage.h>

#include <algorithm>

#include "device_memory.h"

namespace tenon {

void Storage::place(DeviceMemory* memory) {
  data_ = memory == nullptr ? host_memory::allocate(bytes_) : memory->allocate(bytes_);
  memory_ = memory;
  // Work of this thread on what the block held before may be under way.
  if (memory != nullptr) writer_ = DeviceMemory::this_thread();
}

Storage::~Storage() {
  if (data_ == nullptr) return;
  if (memory_ == nullptr) {
    host_memory::deallocate(data_, bytes_);
    return;
  }
  const std::uint64_t writer = writer_;
  const std::uint64_t reader = reader_;
  const bool several = reader == kSeveral || (writer != kNobody && reader != kNobody && writer != reader);
  memory_->deallocate(data_, bytes_, several ? kSeveral : std::max(writer, reader), several);
}

void Storage::read_on_device() {
  const std::uint64_t self = DeviceMemory::this_thread();
  std::uint64_t reader = kNobody;
  // Before the read is queued: a writer that comes after it then knows of it.
  if (!reader_.compare_exchange_strong(reader, self) && reader != self) reader_ = kSeveral;
  std::uint64_t writer = writer_;
  if (writer == kNobody || writer == self) return;
  memory_->synchronize();
  writer_.compare_exchange_strong(writer, kNobody);
}

void Storage::write_on_device() {
  const std::uint64_t self = DeviceMemory::this_thread();
  const auto is_other = [self](std::uint64_t thread) { return thread != kNobody && thread != self; };
  if (is_other(writer_) || is_other(reader_)) {
    memory_->synchronize();
    reader_ = kNobody;
  }
  writer_ = self;
}

}  // namespace tenon
