#include <tenon/error.h>
#include <tenon/storage.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace tenon {

Storage::Storage(std::size_t bytes) : data_(host_memory::allocate(bytes)), bytes_(bytes) {}

Storage::~Storage() { host_memory::deallocate(data_, bytes_); }

namespace host_memory {
namespace {

constexpr std::size_t kAlignment = 64;

// Size classes: multiples of 64 up to 512 bytes, then eight steps per power of two, so that at most one ninth
// of a block is unused. Classes up to 64 KiB are kept per thread, the rest, and what a thread has too much
// of, in common.
constexpr std::size_t kLinearClasses = 8;
constexpr std::size_t kClasses = kLinearClasses + std::size_t{8} * 52;
constexpr std::size_t kThreadClasses = kLinearClasses + std::size_t{8} * 7;
constexpr std::size_t kBlocksPerThreadClass = 32;
constexpr std::size_t kMostCached = std::size_t{2} << 30;

struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};

SizeClass size_class(std::size_t bytes) {
  if (bytes <= kLinearClasses * kAlignment) {
    const std::size_t units = std::max<std::size_t>((bytes + kAlignment - 1) / kAlignment, 1);
    return {units - 1, units * kAlignment};
  }
  const auto exponent = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^exponent < bytes
  const std::size_t step = std::size_t{1} << (exponent - 3);
  const std::size_t eighth = (bytes - 1 - (std::size_t{1} << exponent)) / step;
  return {kLinearClasses + 8 * (exponent - 9) + eighth, (std::size_t{1} << exponent) + (eighth + 1) * step};
}

struct CommonCache {
  std::mutex mutex;
  std::array<std::vector<void*>, kClasses> blocks;
  std::size_t cached = 0;

  void* take(std::size_t index, std::size_t bytes) {
    const std::lock_guard lock(mutex);
    if (blocks[index].empty()) return nullptr;
    void* block = blocks[index].back();
    blocks[index].pop_back();
    cached -= bytes;
    return block;
  }

  void keep(std::size_t index, std::size_t bytes, void* block) noexcept {
    try {
      const std::lock_guard lock(mutex);
      if (cached + bytes <= kMostCached) {
        blocks[index].push_back(block);
        cached += bytes;
        return;
      }
    } catch (const std::bad_alloc&) {  // the list could not grow
    }
    std::free(block);
  }

  void release() {
    const std::lock_guard lock(mutex);
    for (auto& list : blocks) {
      for (void* block : list) std::free(block);
      list.clear();
    }
    cached = 0;
  }
};

// Never destroyed: tensors in static storage give their memory back after it would have been.
CommonCache& common_cache() {
  static auto* cache = new CommonCache;
  return *cache;
}

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> peak{0};

// Set when a thread's cache is gone: what the thread frees even later goes to the common cache.
thread_local bool thread_ended = false;

// Blocks of up to 64 KiB that this thread freed.
struct ThreadCache {
  struct List {
    std::array<void*, kBlocksPerThreadClass> blocks;
    std::size_t count = 0;
  };
  std::array<List, kThreadClasses> lists;

  ~ThreadCache() {
    thread_ended = true;
    flush();
  }

  void flush() {
    for (std::size_t index = 0; index < kThreadClasses; ++index) {
      List& list = lists[index];
      while (list.count > 0) common_cache().keep(index, class_bytes(index), list.blocks[--list.count]);
    }
  }

  static std::size_t class_bytes(std::size_t index) {
    if (index < kLinearClasses) return (index + 1) * kAlignment;
    const std::size_t exponent = 9 + (index - kLinearClasses) / 8;
    return (std::size_t{1} << exponent) +
           ((index - kLinearClasses) % 8 + 1) * (std::size_t{1} << (exponent - 3));
  }
};

thread_local ThreadCache thread_cache;

void count_use(std::size_t bytes) {
  const std::size_t now = in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::size_t seen = peak.load(std::memory_order_relaxed);
  while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 60)) {
    throw OutOfMemory(fmt::format("{} bytes of host memory were asked for; no machine has that", bytes));
  }
  const SizeClass size = size_class(bytes);
  void* block = nullptr;
  if (size.index < kThreadClasses && !thread_ended && thread_cache.lists[size.index].count > 0) {
    auto& list = thread_cache.lists[size.index];
    block = list.blocks[--list.count];
  } else {
    block = common_cache().take(size.index, size.bytes);
  }
  if (block == nullptr) block = std::aligned_alloc(kAlignment, size.bytes);
  if (block == nullptr) {
    release_cache();
    block = std::aligned_alloc(kAlignment, size.bytes);
  }
  if (block == nullptr) {
    throw OutOfMemory(fmt::format(
        "{} bytes of host memory were asked for and could not be had; {} bytes are in use by tensors",
        size.bytes, in_use.load()));
  }
  count_use(size.bytes);
  return block;
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  const SizeClass size = size_class(bytes);
  in_use.fetch_sub(size.bytes, std::memory_order_relaxed);
  if (size.index < kThreadClasses && !thread_ended) {
    auto& list = thread_cache.lists[size.index];
    if (list.count < kBlocksPerThreadClass) {
      list.blocks[list.count++] = memory;
      return;
    }
  }
  common_cache().keep(size.index, size.bytes, memory);
}

Statistics statistics() {
  const std::lock_guard lock(common_cache().mutex);
  return {in_use.load(), common_cache().cached, peak.load()};
}

void release_cache() {
  if (!thread_ended) thread_cache.flush();
  common_cache().release();
}

}  // namespace host_memory
}  // namespace tenon
