// Host memory: alignment, reuse, statistics, and requests that cannot be met.
#include <gtest/gtest.h>
#include <tenon/error.h>
#include <tenon/storage.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

// The sanitizers' allocators would end the process where malloc returns null. Their runtimes look for these names.
extern "C" {
[[gnu::visibility("default")]] const char* __asan_default_options();
[[gnu::visibility("default")]] const char* __tsan_default_options();
const char* __asan_default_options() { return "allocator_may_return_null=1"; }
const char* __tsan_default_options() { return "allocator_may_return_null=1"; }
}

namespace tenon {
namespace {

using host_memory::allocate;
using host_memory::deallocate;
using host_memory::statistics;

constexpr std::size_t kSizes[] = {
    0, 1, 63, 64, 65, 511, 512, 513, 4096, 4097, 65536, 65537, (1u << 20) - 1, (3u << 20) + 7};

TEST(HostMemory, IsAlignedToSixtyFourBytesAndWritable) {
  for (const std::size_t bytes : kSizes) {
    void* memory = allocate(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u) << bytes;
    std::memset(memory, 0xFF, bytes);
    deallocate(memory, bytes);
  }
}

TEST(HostMemory, BlocksInUseDoNotOverlap) {
  std::vector<std::pair<char*, std::size_t>> blocks;
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t bytes : kSizes) blocks.emplace_back(static_cast<char*>(allocate(bytes)), bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i)
    std::memset(blocks[i].first, static_cast<int>(i), blocks[i].second);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto& [memory, bytes] = blocks[i];
    for (const std::size_t at : {std::size_t{0}, bytes / 2, bytes - 1}) {
      if (bytes > 0) {
        EXPECT_EQ(memory[at], static_cast<char>(i));
      }
    }
    deallocate(memory, bytes);
  }
}

TEST(HostMemory, AFreedBlockIsHandedOutAgain) {
  for (const std::size_t bytes : {std::size_t{100}, std::size_t{1} << 20}) {
    void* first = allocate(bytes);
    deallocate(first, bytes);
    void* second = allocate(bytes - 10);  // of the same size class
    EXPECT_EQ(first, second);
    deallocate(second, bytes - 10);
  }
}

TEST(HostMemory, StatisticsCountWholeSizeClasses) {
  const std::size_t before = statistics().in_use;
  void* memory = allocate(1000);
  const std::size_t used = statistics().in_use - before;
  EXPECT_GE(used, 1000u);
  EXPECT_LE(used, 1000u * 9 / 8);
  EXPECT_GE(statistics().peak, statistics().in_use);
  deallocate(memory, 1000);
  EXPECT_EQ(statistics().in_use, before);
}

TEST(HostMemory, ReleaseCacheGivesTheCacheBack) {
  deallocate(allocate(8 << 20), 8 << 20);
  EXPECT_GE(statistics().cached, std::size_t{8} << 20);
  host_memory::release_cache();
  EXPECT_EQ(statistics().cached, 0u);
}

TEST(HostMemory, MayBeFreedByAnotherThread) {
  const std::size_t before = statistics().in_use;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      std::vector<void*> blocks;
      for (int j = 0; j < 200; ++j) blocks.push_back(allocate(256));
      std::thread([blocks] {
        for (void* block : blocks) deallocate(block, 256);
      }).join();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(statistics().in_use, before);
}

TEST(HostMemory, RequestsThatCannotBeMetAreErrorsAndLeaveItUsable) {
  const std::size_t before = statistics().in_use;
  for (const int bits : {46, 50, 60, 63}) {
    EXPECT_THROW(allocate(std::size_t{1} << bits), OutOfMemory) << bits;
  }
  EXPECT_THROW(allocate(SIZE_MAX), OutOfMemory);
  EXPECT_EQ(statistics().in_use, before);
  deallocate(allocate(64), 64);
}

TEST(Storage, GivesItsMemoryBack) {
  const std::size_t before = statistics().in_use;
  {
    Storage storage(5000);
    EXPECT_EQ(storage.bytes(), 5000u);
    EXPECT_FALSE(storage.is_placed());
    EXPECT_EQ(statistics().in_use, before);
    storage.place(nullptr);
    EXPECT_GT(statistics().in_use, before);
  }
  EXPECT_EQ(statistics().in_use, before);
}

}  // namespace
}  // namespace tenon
