// The backend `cuda`: NVIDIA's devices, with cuBLAS and cuBLASLt for products and kernels of its own for the
// rest.
#include "cuda/devices.h"
#include "cuda/families.h"
#include "cuda/gemm.h"
#include "cuda/memory.h"

#include <tenon/plugin/backend.hpp>
#include <tenon/plugin/einsum.hpp>

#include <cstdint>
#include <string>

namespace tenon::cuda {
namespace {

constexpr int kScore = 100;

struct Family {
  std::uint32_t op;
  std::size_t min_inputs;
  std::size_t max_inputs;
  Work (*find)(const Call&);
};

constexpr Family kFamilies[] = {
    {TENON_OP_INIT, 0, 0, find_init},       {TENON_OP_COPY, 1, 1, find_copy},
    {TENON_OP_UNARY, 1, 1, find_unary},     {TENON_OP_BINARY, 2, 2, find_binary},
    {TENON_OP_TERNARY, 3, 3, find_ternary}, {TENON_OP_REDUCE, 1, 1, find_reduce},
    {TENON_OP_MATMUL, 2, 3, find_matmul},   {TENON_OP_INDEX, 1, 2, find_index},
    {TENON_OP_SOFTMAX, 1, 1, find_softmax},
};

Work find_work(const Call& call) {
  for (const Family& family : kFamilies) {
    const bool has_operands =
        call.num_inputs() >= family.min_inputs && call.num_inputs() <= family.max_inputs;
    if (call.op() == family.op && has_operands) return family.find(call);
  }
  return nullptr;
}

/// Whether the ops that an EINSUM becomes are all known.
bool is_known(const plugin::EinsumLowering& lowering) {
  return lowering.run(nullptr, [](const tenon_call& part) { return find_work(Call(part)) != nullptr; });
}

bool run_einsum(const Call& call, const Queue& queue) {
  const plugin::EinsumLowering lowering(call);
  if (!is_known(lowering)) return false;
  const Scratch scratch(queue, lowering.scratch_bytes());
  return lowering.run(scratch.as<void>(), [&](const tenon_call& part) {
    find_work(Call(part))(Call(part), queue);
    return true;
  });
}

class CudaBackend final : public plugin::DeviceBackend {
 public:
  int score(std::string& reason) override {
    reason = devices_.reason;
    return devices_.count > 0 ? kScore : 0;
  }
  std::string library() override { return devices_.library; }
  std::uint32_t flags() override { return uses_tf32() ? TENON_FLAG_REDUCED_PRECISION_MATMUL : 0; }

  bool supports(const Call& call) const override { return support(call) != plugin::Support::none; }
  plugin::Support support(const Call& call) const override {
    if (call.op() == TENON_OP_EINSUM) {
      return is_known(plugin::EinsumLowering(call)) ? plugin::Support::composed : plugin::Support::none;
    }
    return find_work(call) != nullptr ? plugin::Support::native : plugin::Support::none;
  }
  bool run(const Call& call) override {
    const bool is_einsum = call.op() == TENON_OP_EINSUM;
    const Work work = is_einsum ? nullptr : find_work(call);
    if (!is_einsum && work == nullptr) return false;
    const int device = call.output().dlpack().device.device_id;
    const DeviceScope scope(device);
    const Queue queue(device, call.stream());
    if (is_einsum) return run_einsum(call, queue);
    work(call, queue);
    return true;
  }

  std::int32_t device_count() override { return devices_.count; }
  plugin::DeviceInfo device(std::int32_t index) override { return describe_device(index); }
  void* allocate(std::int32_t index, std::size_t bytes) override { return allocate_memory(index, bytes); }
  void deallocate(std::int32_t index, void* memory, std::size_t /*bytes*/) noexcept override {
    deallocate_memory(index, memory);
  }
  void copy(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
            void* stream) override {
    copy_memory(to_device, to, from_device, from, bytes, stream);
  }
  void synchronize(std::int32_t index, void* stream) override { synchronize_device(index, stream); }

 private:
  Devices devices_ = find_devices();
};

}  // namespace
}  // namespace tenon::cuda

TENON_EXPORT_BACKEND(tenon::plugin::entry<tenon::cuda::CudaBackend>, TENON_CUDA_NAME, TENON_CUDA_VERSION,
                     TENON_CUDA_LIBRARY, "", TENON_CUDA_DRIVER, 100)
