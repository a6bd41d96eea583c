// What the tests of device memory see of the backend of plugins/device_backend.cpp.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

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

// Before anything asks for a backend.
inline const int path_is_set = setenv("TENON_PLUGIN_PATH", TENON_TEST_PLUGINS, 1);

/// Tests on the backend `device` with mixed memories an error, beside naive as the default.
class DeviceTest : public testing::Test {
 protected:
  DeviceTest() {
    set_default_backend("naive");
    set_fallback_policy(Fallback::error);
    set_log_handler([this](int level, std::string_view message) {
      const std::lock_guard lock(mutex_);
      if (level <= 2) said_.emplace_back(message);
    });
    reset_op_counts();
    reset_transfer_counts();
  }
  ~DeviceTest() override {
    device.set_capacity(std::size_t{1} << 30);
    device.fail_at(0);
    set_log_handler({});
    set_default_backend("naive");
  }

  static OpCount count(std::string_view op, std::string_view backend) {
    for (const OpCount& each : op_counts()) {
      if (each.op == op && each.backend == backend) return each;
    }
    return {op, std::string(backend), 0, 0, 0};
  }
  std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  const Device first{"device"};
  const Device second{"device:1"};
  const TestDevice device;
  Tensor x = from_values<float>({1, 2, 3, 4, 5, 6}, {2, 3});

 private:
  std::mutex mutex_;
  std::vector<std::string> said_;
};

}  // namespace tenon::test
