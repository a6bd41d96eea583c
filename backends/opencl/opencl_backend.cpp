// The backend `opencl`: any OpenCL device, be it a GPU of any vendor or the processor through PoCL.
#include "opencl/coverage.h"
#include "opencl/families.h"

#include <tenon/plugin/backend.hpp>
#include <tenon/plugin/einsum.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenon::opencl {
namespace {

using plugin::Call;
using plugin::Support;

constexpr int kGpuScore = 90;
constexpr int kCpuScore = 20;

class OpenClBackend final : public plugin::DeviceBackend {
 public:
  OpenClBackend() {
    try {
      devices_ = all_devices();
      drop_unusable();
    } catch (const std::exception& error) {
      devices_.clear();
      reason_ = error.what();
    }
  }

  int score(std::string& reason) override {
    reason = reason_;
    if (devices_.empty()) return 0;
    return devices_.front()->is_gpu() ? kGpuScore : kCpuScore;
  }

  std::string library() override {
    return devices_.empty() ? std::string() : TENON_OPENCL_LIBRARY ", " + devices_.front()->driver();
  }

  std::uint32_t flags() override {
    std::uint32_t flags = 0;
    for (const auto& device : devices_) flags |= device->flags();
    return flags;
  }

  std::int32_t device_count() override { return static_cast<std::int32_t>(devices_.size()); }

  plugin::DeviceInfo device(std::int32_t index) override {
    const Device& device = at(index);
    return {{kDLOpenCL, index}, device.name(), device.total_memory(), device.free_memory()};
  }

  void* allocate(std::int32_t index, std::size_t bytes) override { return at(index).allocate(bytes); }

  void deallocate(std::int32_t index, void* memory, std::size_t bytes) noexcept override {
    devices_[static_cast<std::size_t>(index)]->deallocate(static_cast<cl_mem>(memory), bytes);
  }

  void copy(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
            void*) override {
    const auto source = static_cast<cl_mem>(const_cast<void*>(from));
    const auto destination = static_cast<cl_mem>(to);
    if (from_device.device_type != kDLOpenCL) {
      at(to_device.device_id).write(destination, from, bytes);
    } else if (to_device.device_type != kDLOpenCL) {
      at(from_device.device_id).read(to, source, bytes);
    } else if (to_device.device_id == from_device.device_id) {
      at(to_device.device_id).copy(destination, source, bytes);
    } else {
      std::vector<std::byte> between(bytes);
      at(from_device.device_id).read(between.data(), source, bytes);
      at(to_device.device_id).write(destination, between.data(), bytes);
    }
  }

  void synchronize(std::int32_t index, void*) override { at(index).synchronize(); }

  bool supports(const Call& call) const override { return support(call) != Support::none; }

  Support support(const Call& call) const override {
    const std::int32_t index = call.output().dlpack().device.device_id;
    if (index < 0 || static_cast<std::size_t>(index) >= devices_.size()) return Support::none;
    if (call.op() == TENON_OP_EINSUM) {
      const bool whole = plugin::EinsumLowering(call).run(
          nullptr, [this](const tenon_call& part) { return supports(Call(part)); });
      return whole ? Support::composed : Support::none;
    }
    const Device& device = *devices_[static_cast<std::size_t>(index)];
    if (!is_covered(call, device.has_double())) return Support::none;
    return device.is_cpu() || !is_long_softmax(call) ? Support::native : Support::none;
  }

  bool run(const Call& call) override {
    const std::int32_t index = call.output().dlpack().device.device_id;
    if (call.op() == TENON_OP_EINSUM) {
      const plugin::EinsumLowering lowering(call);
      const Scratch scratch(at(index), lowering.scratch_bytes());
      return lowering.run(scratch.memory(), [this](const tenon_call& part) { return run(Call(part)); });
    }
    if (!supports(call)) return false;
    const std::uint64_t before = Device::launches();
    try {
      run_covered(at(index), call);
    } catch (const plugin::OutOfDeviceMemory& error) {
      // The host would try again, which is right only while an output that is updated is as it was.
      if (updates_output(call) && Device::launches() != before) throw std::runtime_error(error.what());
      throw;
    }
    return true;
  }

 private:
  Device& at(std::int32_t index) { return *devices_.at(static_cast<std::size_t>(index)); }

  /// Leaves out the devices, from the first on, whose compiler fails; throws what the last one's said.
  void drop_unusable() {
    while (true) {
      try {
        devices_.front()->probe();
        return;
      } catch (const std::exception& error) {
        const std::string reason = devices_.front()->name() + ": " + error.what() +
                                   "; update its OpenCL driver, or install pocl-opencl-icd to run on the CPU";
        plugin::host->log(kWarning, ("[opencl] " + reason).c_str());
        devices_.erase(devices_.begin());
        if (devices_.empty()) throw std::runtime_error(reason);
      }
    }
  }

  /// One work-item does a row: a long one takes a GPU longer than the reductions that the host then composes.
  static bool is_long_softmax(const Call& call) {
    constexpr std::int64_t kLong = 1 << 16;
    if (call.op() != TENON_OP_SOFTMAX) return false;
    const auto axis = static_cast<std::size_t>(call.attributes<tenon_softmax_attributes>().axis);
    return call.input(0).shape()[axis] > kLong;
  }

  static bool updates_output(const Call& call) {
    if (call.op() == TENON_OP_INDEX) return call.member() == TENON_INDEX_SCATTER_ADD;
    if (call.op() != TENON_OP_MATMUL) return false;
    const tenon_number beta = call.attributes<tenon_matmul_attributes>().beta;
    return beta.real != 0 || beta.integer != 0;
  }

  static void run_covered(Device& device, const Call& call) {
    switch (call.op()) {
      case TENON_OP_INIT:
        return run_init(device, call);
      case TENON_OP_COPY:
        return run_copy(device, call);
      case TENON_OP_UNARY:
        return run_unary(device, call);
      case TENON_OP_BINARY:
        return run_binary(device, call);
      case TENON_OP_TERNARY:
        return run_ternary(device, call);
      case TENON_OP_REDUCE:
        return run_reduce(device, call);
      case TENON_OP_MATMUL:
        return run_matmul(device, call);
      case TENON_OP_INDEX:
        return run_index(device, call);
      default:
        return run_softmax(device, call);
    }
  }

  std::vector<std::unique_ptr<Device>> devices_;
  std::string reason_;
};

}  // namespace
}  // namespace tenon::opencl

TENON_EXPORT_BACKEND(tenon::plugin::entry<tenon::opencl::OpenClBackend>, "opencl", TENON_OPENCL_VERSION,
                     TENON_OPENCL_LIBRARY, "", "libOpenCL.so.1", 90)
