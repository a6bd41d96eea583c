// What the tests of device memory see of the backend of plugins/device_backend.cpp.
#pragma once

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace tenon::test {

/// The plugin's own switches. It must have been opened by libtenon before.
class TestDevice {
 public:
  TestDevice() : module_(dlopen(TENON_TEST_DEVICE, RTLD_NOW | RTLD_NOLOAD)) {
    if (module_ == nullptr) throw std::runtime_error("the plugin 'device' was not opened");
  }
  /// The n-th function that libtenon calls from now on fails, once; 0: none.
  void fail_at(std::int64_t n) const { function<void(std::int64_t)>("test_device_fail_at")(n); }
  [[nodiscard]] std::int64_t calls() const { return function<std::int64_t()>("test_device_calls")(); }
  void set_capacity(std::size_t bytes) const {
    function<void(std::size_t)>("test_device_set_capacity")(bytes);
  }
  /// The next `n` copies find no memory.
  void starve_copies(int n) const { function<void(int)>("test_device_starve_copies")(n); }

 private:
  template <typename F>
  [[nodiscard]] F* function(const char* name) const {
    return reinterpret_cast<F*>(dlsym(module_, name));
  }
  void* module_;
};

}  // namespace tenon::test
