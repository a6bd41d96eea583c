// The operands of a call in the memory that the backend works on.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstddef>
#include <vector>

#include "operand.h"
#include "plugin_under_test.h"

namespace tenon::conformance {

/// Memory of a plugin's first device. The plugin outlives it. Not thread-safe. All but the destructor throw
/// std::runtime_error, with the plugin's words, where the plugin fails.
class DeviceBuffer {
 public:
  /// `bytes` > 0.
  DeviceBuffer(const PluginUnderTest& plugin, std::size_t bytes);
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&&) = delete;
  ~DeviceBuffer();

  /// What DLTensor.data holds.
  [[nodiscard]] void* handle() const { return handle_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// The first `bytes` bytes, from and to the host, and from another buffer of the same device.
  void write(const std::byte* from, std::size_t bytes);
  void read(std::byte* to, std::size_t bytes) const;
  void write(const DeviceBuffer& from, std::size_t bytes);

 private:
  const PluginUnderTest* plugin_;
  void* handle_ = nullptr;
  std::size_t bytes_;
};

/// Runs a call as a host would and waits until it is done. `operands` are those that the call's tensors point
/// into; one may be there twice. A backend on host memory works on their buffers. For one with memory of its
/// own the whole buffers, gaps and canaries included, go there before the call and come back after it. The
/// status is that of `run`, or of `synchronize` if only that failed.
tenon_status run_call(const PluginUnderTest& plugin, const tenon_call& call,
                      const std::vector<Operand*>& operands);

}  // namespace tenon::conformance
