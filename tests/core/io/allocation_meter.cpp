#include "allocation_meter.h"

#include <tenon/storage.h>

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> heap_in_use{0};
std::atomic<std::size_t> heap_peak{0};

}  // namespace

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) return nullptr;
  const std::size_t now = heap_in_use += ::malloc_usable_size(memory);
  std::size_t peak = heap_peak;
  while (now > peak && !heap_peak.compare_exchange_weak(peak, now)) {
  }
  return memory;
}
void* operator new(std::size_t bytes) {
  void* memory = operator new(bytes, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  heap_in_use -= ::malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { operator delete(memory); }

namespace tenon::testing {

AllocationMeter::AllocationMeter()
    : heap_before_(heap_in_use),
      tensors_before_(released_before()),
      tensor_peak_before_(host_memory::statistics().peak) {
  heap_peak = heap_before_;
}

std::size_t AllocationMeter::released_before() {
  host_memory::release_cache();
  return host_memory::statistics().in_use;
}

std::size_t AllocationMeter::peak() const {
  // The tensors' peak cannot be reset: one that did not rise tells only that no more was used than before.
  const std::size_t tensor_peak = host_memory::statistics().peak;
  const std::size_t tensors = tensor_peak > tensor_peak_before_ ? tensor_peak - tensors_before_ : 0;
  return heap_peak - heap_before_ + tensors;
}

}  // namespace tenon::testing
