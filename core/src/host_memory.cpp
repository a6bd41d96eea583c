#include <tenon/error.h>
#include <tenon/storage.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "size_class.h"

namespace tenon::host_memory {
namespace {

constexpr std::size_t kAlignment = SizeClass::kUnit;
// Classes up to 64 KiB are kept per thread, the rest, and what a thread has too much of, in common.
constexpr std::size_t kThreadClasses = SizeClass::kLinear + std::size_t{8} * 7;
constexpr std::size_t kBlocksPerThreadClass = 32;
constexpr std::size_t kMostCached = std::size_t{2} << 30;

// ---- the system ----

std::atomic<std::size_t> reserved{0};
std::atomic<std::size_t> most_reserved{0};

void* take_from_system(std::size_t bytes) {
  void* block = std::aligned_alloc(kAlignment, bytes);
  if (block == nullptr) return nullptr;
  const std::size_t now = reserved.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::size_t seen = most_reserved.load(std::memory_order_relaxed);
  while (now > seen && !most_reserved.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
  return block;
}

void give_to_system(void* block, std::size_t bytes) {
  reserved.fetch_sub(bytes, std::memory_order_relaxed);
  std::free(block);
}

// ---- one thread ----

// Blocks of up to 64 KiB that the thread freed, and how much it took more than it gave back. Only the thread
// writes.
struct ThreadCache {
  struct List {
    std::array<void*, kBlocksPerThreadClass> blocks;
    std::size_t count = 0;
  };
  std::array<List, kThreadClasses> lists;
  std::atomic<std::int64_t> in_use{0};

  void count_use(std::int64_t bytes) {
    in_use.store(in_use.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
};

// ---- all threads ----

class CommonCache {
 public:
  void* take(std::size_t index) {
    const std::lock_guard lock(mutex_);
    auto& list = blocks_[index];
    if (list.empty()) return nullptr;
    void* block = list.back();
    list.pop_back();
    cached_ -= SizeClass::bytes_of(index);
    return block;
  }

  void keep(std::size_t index, void* block) noexcept {
    const std::size_t bytes = SizeClass::bytes_of(index);
    try {
      const std::lock_guard lock(mutex_);
      if (cached_ + bytes <= kMostCached) {
        blocks_[index].push_back(block);
        cached_ += bytes;
        return;
      }
    } catch (const std::bad_alloc&) {  // the list could not grow
    }
    give_to_system(block, bytes);
  }

  void release() {
    const std::lock_guard lock(mutex_);
    for (std::size_t index = 0; index < SizeClass::kCount; ++index) {
      for (void* block : blocks_[index]) give_to_system(block, SizeClass::bytes_of(index));
      blocks_[index].clear();
    }
    cached_ = 0;
  }

  void add_thread(ThreadCache* cache) {
    const std::lock_guard lock(mutex_);
    threads_.push_back(cache);
  }

  void remove_thread(ThreadCache* cache) {
    const std::lock_guard lock(mutex_);
    std::erase(threads_, cache);
    without_thread_ += cache->in_use.load(std::memory_order_relaxed);
  }

  void count_use_without_thread(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    without_thread_ += bytes;
  }

  std::size_t in_use() {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = without_thread_;
    for (const ThreadCache* cache : threads_) sum += cache->in_use.load(std::memory_order_relaxed);
    return static_cast<std::size_t>(std::max<std::int64_t>(sum, 0));
  }

 private:
  std::mutex mutex_;
  std::array<std::vector<void*>, SizeClass::kCount> blocks_;
  std::size_t cached_ = 0;
  std::vector<ThreadCache*> threads_;
  std::int64_t without_thread_ = 0;  // by threads that have ended
};

// Never destroyed: tensors in static storage give their memory back after it would have been.
CommonCache& common_cache() {
  static auto* cache = new CommonCache;
  return *cache;
}

// The thread's cache: null before its first use and after the thread's end, when what it still frees goes to the
// common one. Plain pointers, so that reaching them costs one instruction.
[[gnu::tls_model("initial-exec")]] thread_local ThreadCache* thread_cache = nullptr;
[[gnu::tls_model("initial-exec")]] thread_local bool thread_ended = false;

void flush(ThreadCache& cache) {
  for (std::size_t index = 0; index < kThreadClasses; ++index) {
    ThreadCache::List& list = cache.lists[index];
    while (list.count > 0) common_cache().keep(index, list.blocks[--list.count]);
  }
}

struct AtThreadEnd {
  ~AtThreadEnd() {
    ThreadCache* cache = thread_cache;
    thread_ended = true;
    thread_cache = nullptr;
    if (cache == nullptr) return;
    flush(*cache);
    common_cache().remove_thread(cache);
    delete cache;
  }
  void arm() {}
};
thread_local AtThreadEnd at_thread_end;

// The thread's cache, made if need be; null at the thread's end.
ThreadCache* own_cache() {
  if (thread_cache == nullptr && !thread_ended) {
    at_thread_end.arm();
    thread_cache = new ThreadCache;
    common_cache().add_thread(thread_cache);
  }
  return thread_cache;
}

void count_use(ThreadCache* cache, std::int64_t bytes) {
  if (cache != nullptr) {
    cache->count_use(bytes);
  } else {
    common_cache().count_use_without_thread(bytes);
  }
}

// The way when the thread has no such block.
void* allocate_in_common(ThreadCache* cache, const SizeClass& size) {
  void* block = common_cache().take(size.index);
  if (block == nullptr) block = take_from_system(size.bytes);
  if (block == nullptr) {
    release_cache();
    block = take_from_system(size.bytes);
  }
  if (block == nullptr) {
    throw OutOfMemory(fmt::format(
        "{} bytes of host memory were asked for and could not be had; {} bytes are in use by tensors",
        size.bytes, common_cache().in_use()));
  }
  count_use(cache, static_cast<std::int64_t>(size.bytes));
  return block;
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 60)) {
    throw OutOfMemory(fmt::format("{} bytes of host memory were asked for; no machine has that", bytes));
  }
  const SizeClass size = SizeClass::of(bytes);
  ThreadCache* cache = own_cache();
  if (size.index < kThreadClasses && cache != nullptr && cache->lists[size.index].count > 0) {
    ThreadCache::List& list = cache->lists[size.index];
    cache->count_use(static_cast<std::int64_t>(size.bytes));
    return list.blocks[--list.count];
  }
  return allocate_in_common(cache, size);
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  const SizeClass size = SizeClass::of(bytes);
  ThreadCache* cache = thread_cache;
  count_use(cache, -static_cast<std::int64_t>(size.bytes));
  if (size.index < kThreadClasses && cache != nullptr &&
      cache->lists[size.index].count < kBlocksPerThreadClass) {
    ThreadCache::List& list = cache->lists[size.index];
    list.blocks[list.count++] = memory;
  } else {
    common_cache().keep(size.index, memory);
  }
}

Statistics statistics() {
  const std::size_t in_use = common_cache().in_use();
  const std::size_t held = reserved.load(std::memory_order_relaxed);
  return {in_use, held - std::min(held, in_use), most_reserved.load(std::memory_order_relaxed)};
}

void release_cache() {
  if (thread_cache != nullptr) flush(*thread_cache);
  common_cache().release();
}

}  // namespace tenon::host_memory
