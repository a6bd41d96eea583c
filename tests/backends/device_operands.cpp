#include "device_operands.h"

#include <cstring>
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

PlacedCall::PlacedCall(const PluginUnderTest& plugin, const tenon_call& call,
                       const std::vector<Operand*>& operands)
    : plugin_(&plugin), call_(&call) {
  if (!plugin.has_memory()) return;
  for (Operand* const operand : operands) {
    if (buffers_.contains(operand)) continue;
    const std::span<std::byte> memory = operand->buffer();
    DeviceBuffer& buffer = buffers_.emplace(operand, DeviceBuffer(plugin, memory.size())).first->second;
    buffer.write(memory.data(), memory.size());
  }
  for (std::uint32_t i = 0; i < call.num_inputs; ++i) inputs_.push_back(on_device(call.inputs[i]));
  for (std::uint32_t i = 0; i < call.num_outputs; ++i) outputs_.push_back(on_device(call.outputs[i]));
  frame_.resize(call.struct_size);
  std::memcpy(frame_.data(), &call, frame_.size());
  auto& moved = *reinterpret_cast<tenon_call*>(frame_.data());
  moved.inputs = inputs_.data();
  moved.outputs = outputs_.data();
}

DLTensor PlacedCall::on_device(DLTensor tensor) const {
  const std::byte* const first = static_cast<const std::byte*>(tensor.data) + tensor.byte_offset;
  for (const auto& [operand, buffer] : buffers_) {
    const std::span<const std::byte> memory = operand->buffer();
    if (first < memory.data() || first > memory.data() + memory.size()) continue;
    tensor.data = buffer.handle();
    tensor.byte_offset = static_cast<std::uint64_t>(first - memory.data());
    tensor.device = plugin_->properties().device;
    return tensor;
  }
  throw std::logic_error("a call's tensor lies in none of the operands that were named");
}

tenon_status PlacedCall::run_and_wait() {
  const tenon_status status = plugin_->run(call());
  if (!plugin_->has_memory()) return status;
  const tenon_status later = plugin_->table().synchronize(plugin_->backend(), kIndex, nullptr);
  return status != TENON_OK ? status : later;
}

tenon_status PlacedCall::run() {
  const tenon_status status = run_and_wait();
  for (const auto& [operand, buffer] : buffers_) buffer.read(operand->buffer().data(), buffer.bytes());
  return status;
}

tenon_status PlacedCall::run_again(Operand& output) {
  const auto found = buffers_.find(&output);
  if (found == buffers_.end()) return run_and_wait();
  found->second.write(output.buffer().data(), found->second.bytes());
  const tenon_status status = run_and_wait();
  found->second.read(output.buffer().data(), found->second.bytes());
  return status;
}

tenon_status run_call(const PluginUnderTest& plugin, const tenon_call& call,
                      const std::vector<Operand*>& operands) {
  return PlacedCall(plugin, call, operands).run();
}

}  // namespace tenon::conformance
