// The operands of a call in the memory that the backend works on.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstddef>
#include <map>
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

/// A call where its backend works: on the operands' own buffers, or, for a backend with memory of its own, on
/// copies there of the whole buffers, gaps and canaries included. Looks at what it is made of.
class PlacedCall {
 public:
  /// `operands` are those that the call's tensors point into; one may be there twice.
  PlacedCall(const PluginUnderTest& plugin, const tenon_call& call, const std::vector<Operand*>& operands);
  PlacedCall(const PlacedCall&) = delete;
  PlacedCall& operator=(const PlacedCall&) = delete;

  /// What the backend says of it.
  [[nodiscard]] bool supported() const { return plugin_->supports(call()) != 0; }
  /// Runs it as a host would, waits until it is done, and brings all operands back. The status is that of
  /// `run`, or of `synchronize` if only that failed.
  tenon_status run();
  /// The same after `output` was changed here; brings only that one back.
  tenon_status run_again(Operand& output);

 private:
  [[nodiscard]] const tenon_call& call() const {
    return frame_.empty() ? *call_ : *reinterpret_cast<const tenon_call*>(frame_.data());
  }
  tenon_status run_and_wait();
  [[nodiscard]] DLTensor on_device(DLTensor tensor) const;

  const PluginUnderTest* plugin_;
  const tenon_call* call_;
  std::map<Operand*, DeviceBuffer> buffers_;
  std::vector<DLTensor> inputs_;
  std::vector<DLTensor> outputs_;
  std::vector<std::byte> frame_;  // longer than a tenon_call if the caller's is
};

/// PlacedCall::run(), once.
tenon_status run_call(const PluginUnderTest& plugin, const tenon_call& call,
                      const std::vector<Operand*>& operands);

}  // namespace tenon::conformance
