// Memory for the time of one call, from the host's cache.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <cstddef>
#include <new>

namespace tenon::cpu {

/// Owns `bytes` of 64-byte aligned memory. Throws std::bad_alloc.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes)
      : bytes_(bytes), memory_(bytes == 0 ? nullptr : plugin::host->allocate(bytes)) {
    if (bytes != 0 && memory_ == nullptr) throw std::bad_alloc();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (memory_ != nullptr) plugin::host->deallocate(memory_, bytes_);
  }

  template <typename T>
  [[nodiscard]] T* as() const {
    return static_cast<T*>(memory_);
  }

 private:
  std::size_t bytes_;
  void* memory_;
};

}  // namespace tenon::cpu
