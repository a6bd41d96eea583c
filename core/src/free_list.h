// Memory for the small objects that every op makes and drops: a short list for each thread and size, where
// malloc would take ten times as many instructions.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace tenon {

template <std::size_t kBytes>
class FreeList {
 public:
  static void* take() {
    if (list.count > 0) return list.blocks[--list.count];
    return ::operator new(kBytes);
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
    if (kKeeps && list.count < list.blocks.size()) {
      list.blocks[list.count++] = block;
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

  struct List {
    std::array<void*, 32> blocks;
    std::size_t count;
    bool open;
    bool ended;
  };
  struct AtThreadEnd {
    ~AtThreadEnd() {
      while (list.count > 0) ::operator delete(list.blocks[--list.count]);
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
