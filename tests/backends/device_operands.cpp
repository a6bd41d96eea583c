#include "device_operands.h"

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace tenon::conformance {
namespace {

constexpr std::int32_t kIndex = 0;
constexpr DLDevice kHost = {kDLCPU, 0};

void check(tenon_status status, const char* function) {
  if (status == TENON_OK) return;
  throw std::runtime_error(std::string(function) + " returns " + std::to_string(status) + ": " +
                           host::take_error());
}

/// A call's operands on the device: copied there when made, and back by bring_back().
class DeviceOperands {
 public:
  DeviceOperands(const PluginUnderTest& plugin, const std::vector<Operand*>& operands) {
    for (Operand* const operand : operands) {
      if (buffers_.contains(operand)) continue;
      const std::span<std::byte> memory = operand->buffer();
      DeviceBuffer& buffer = buffers_.emplace(operand, DeviceBuffer(plugin, memory.size())).first->second;
      buffer.write(memory.data(), memory.size());
    }
  }

  /// The same view of the operand's copy.
  [[nodiscard]] DLTensor on_device(DLTensor tensor, DLDevice device) const {
    const std::byte* const first = static_cast<const std::byte*>(tensor.data) + tensor.byte_offset;
    for (const auto& [operand, buffer] : buffers_) {
      const std::span<const std::byte> memory = operand->buffer();
      if (first < memory.data() || first > memory.data() + memory.size()) continue;
      tensor.data = buffer.handle();
      tensor.byte_offset = static_cast<std::uint64_t>(first - memory.data());
      tensor.device = device;
      return tensor;
    }
    throw std::logic_error("a call's tensor lies in none of the operands that were named");
  }

  void bring_back() const {
    for (const auto& [operand, buffer] : buffers_) buffer.read(operand->buffer().data(), buffer.bytes());
  }

 private:
  std::map<Operand*, DeviceBuffer> buffers_;
};

}  // namespace

DeviceBuffer::DeviceBuffer(const PluginUnderTest& plugin, std::size_t bytes)
    : plugin_(&plugin), bytes_(bytes) {
  check(plugin.table().allocate(plugin.backend(), kIndex, bytes, &handle_), "allocate");
  if (handle_ == nullptr) throw std::runtime_error("allocate gives null");
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : plugin_(other.plugin_), handle_(std::exchange(other.handle_, nullptr)), bytes_(other.bytes_) {}

DeviceBuffer::~DeviceBuffer() {
  if (handle_ != nullptr) plugin_->table().deallocate(plugin_->backend(), kIndex, handle_, bytes_);
}

void DeviceBuffer::write(const std::byte* from, std::size_t bytes) {
  check(plugin_->table().copy(plugin_->backend(), plugin_->properties().device, handle_, kHost, from, bytes,
                              nullptr),
        "copy to the device");
}

void DeviceBuffer::read(std::byte* to, std::size_t bytes) const {
  check(plugin_->table().copy(plugin_->backend(), kHost, to, plugin_->properties().device, handle_, bytes,
                              nullptr),
        "copy from the device");
}

void DeviceBuffer::write(const DeviceBuffer& from, std::size_t bytes) {
  const DLDevice device = plugin_->properties().device;
  check(plugin_->table().copy(plugin_->backend(), device, handle_, device, from.handle_, bytes, nullptr),
        "copy on the device");
}

tenon_status run_call(const PluginUnderTest& plugin, const tenon_call& call,
                      const std::vector<Operand*>& operands) {
  if (!plugin.has_memory()) return plugin.run(call);
  const DeviceOperands copies(plugin, operands);
  const DLDevice device = plugin.properties().device;
  std::vector<DLTensor> inputs;
  std::vector<DLTensor> outputs;
  for (std::uint32_t i = 0; i < call.num_inputs; ++i) {
    inputs.push_back(copies.on_device(call.inputs[i], device));
  }
  for (std::uint32_t i = 0; i < call.num_outputs; ++i) {
    outputs.push_back(copies.on_device(call.outputs[i], device));
  }
  // The frame may be longer than this build knows.
  std::vector<std::byte> frame(call.struct_size);
  std::memcpy(frame.data(), &call, frame.size());
  auto& moved = *reinterpret_cast<tenon_call*>(frame.data());
  moved.inputs = inputs.data();
  moved.outputs = outputs.data();

  const tenon_status status = plugin.run(moved);
  const tenon_status later = plugin.table().synchronize(plugin.backend(), kIndex, nullptr);
  copies.bring_back();
  return status != TENON_OK ? status : later;
}

}  // namespace tenon::conformance
