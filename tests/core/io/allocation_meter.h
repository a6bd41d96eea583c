// How much memory something takes.
#pragma once

#include <cstddef>

namespace tenon::testing {

/// Watches operator new and Tenon's tensor memory from its construction on.
class AllocationMeter {
 public:
  AllocationMeter();
  /// The most that was in use at once, over what was in use at the beginning.
  [[nodiscard]] std::size_t peak() const;

 private:
  /// Tensors' memory in use, after the cache was given back so that what is taken from now on counts.
  static std::size_t released_before();

  std::size_t heap_before_;
  std::size_t tensors_before_;
  std::size_t tensor_peak_before_;
};

}  // namespace tenon::testing
