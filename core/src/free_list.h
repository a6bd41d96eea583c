// Memory for the small objects that every op makes and drops: a short list for each thread and size, where
// malloc would take ten times as many instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace tenon {

template <std::size_t kBytes>
class FreeList {
 public:
  static void* take() {
    Block* const block = list.first;
    if (block == nullptr) return ::operator new(kBytes);
    list.first = block->next;
    --list.count;
    return block;
  }

  static void give(void* block) noexcept {
    if (!list.open) {
      if (list.ended) {
        ::operator delete(block);
        return;
      }
      at_thread_end.arm();
      list.open = true;
    }
    if (kKeeps && list.count < kMost) {
      list.first = ::new (block) Block{list.first};
      ++list.count;
    } else {
      ::operator delete(block);
    }
  }

 private:
// Kept blocks would hide from the sanitizer that they are used after they were freed.
#ifdef __SANITIZE_ADDRESS__
  static constexpr bool kKeeps = false;
#else
  static constexpr bool kKeeps = true;
#endif

  static constexpr std::uint32_t kMost = 32;

  // Linked through the blocks themselves: of static thread-local storage, which a process has little of for
  // libraries that it loads later, this takes 16 bytes.
  struct Block {
    Block* next;
  };
  static_assert(kBytes >= sizeof(Block));
  struct List {
    Block* first;
    std::uint32_t count;
    bool open;
    bool ended;
  };
  struct AtThreadEnd {
    ~AtThreadEnd() {
      while (list.first != nullptr) ::operator delete(std::exchange(list.first, list.first->next));
      list.count = 0;
      list.open = false;
      list.ended = true;
    }
    void arm() {}
  };
  // Plain data, which needs no guard to be reached and outlives the other thread-local objects.
  [[gnu::tls_model("initial-exec")]] static inline constinit thread_local List list{};
  static inline thread_local AtThreadEnd at_thread_end;
};

template <typename T>
struct FreeListAllocator {
  using value_type = T;
  FreeListAllocator() = default;
  template <typename Other>
  FreeListAllocator(const FreeListAllocator<Other>&) {}

  static T* allocate(std::size_t) { return static_cast<T*>(FreeList<sizeof(T)>::take()); }
  static void deallocate(T* object, std::size_t) noexcept { FreeList<sizeof(T)>::give(object); }
  friend bool operator==(const FreeListAllocator&, const FreeListAllocator&) { return true; }
};

}  // namespace tenon
