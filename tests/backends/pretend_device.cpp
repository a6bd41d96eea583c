// A backend whose device is the host in disguise: memory is a handle, not an address, and calls go to another
// module on what the handles stand for. So the harness for devices can be seen to work where there is none.
// TENON_PRETEND_DEVICE_INNER names the module behind it, TENON_PRETEND_DEVICE_FAULT what goes wrong.
#include <tenon/plugin/abi.h>

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

const tenon_host* host = nullptr;
const tenon_backend_table* inner = nullptr;

constexpr DLDevice kDevice = {kDLExtDev, 3};
constexpr std::size_t kCapacity = std::size_t{1} << 30;

bool has_fault(std::string_view name) {
  const char* const fault = std::getenv("TENON_PRETEND_DEVICE_FAULT");
  return fault != nullptr && fault == name;
}

tenon_status failure(tenon_status status, const char* text) {
  host->set_error(text);
  return status;
}

/// What the handles stand for. A handle that was not allocated here, an address of the host's above all, is
/// the caller's mistake and an exception.
class Blocks {
 public:
  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    return blocks_.emplace_back(std::make_unique<Block>(bytes)).get();
  }
  void deallocate(const void* handle) {
    const std::lock_guard lock(mutex_);
    blocks_.erase(find(handle));
  }
  std::byte* bytes(const void* handle) {
    const std::lock_guard lock(mutex_);
    return (*find(handle))->data();
  }

 private:
  using Block = std::vector<std::byte>;

  std::vector<std::unique_ptr<Block>>::iterator find(const void* handle) {
    const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                    [&](const auto& block) { return block.get() == handle; });
    if (found == blocks_.end()) throw std::invalid_argument("this is no handle of the pretended device");
    return found;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

Blocks blocks;

std::byte* bytes_of(DLDevice device, const void* memory) {
  if (device.device_type == kDLCPU) return static_cast<std::byte*>(const_cast<void*>(memory));
  return blocks.bytes(memory);
}

std::vector<DLTensor> on_host(const DLTensor* tensors, std::uint32_t count) {
  std::vector<DLTensor> moved(tensors, tensors + count);
  for (DLTensor& tensor : moved) {
    if (tensor.data != nullptr) tensor.data = bytes_of(tensor.device, tensor.data);
    tensor.device = {kDLCPU, 0};
  }
  return moved;
}

template <typename Function>
auto pass_on(Function function, tenon_backend* backend, const tenon_call& call) {
  const std::vector<DLTensor> inputs = on_host(call.inputs, call.num_inputs);
  const std::vector<DLTensor> outputs = on_host(call.outputs, call.num_outputs);
  const tenon_call moved = {sizeof(moved), call.op,        call.num_inputs, call.num_outputs,
                            inputs.data(), outputs.data(), call.attributes, call.stream};
  return function(backend, &moved);
}

std::int32_t score(tenon_backend*) {
  if (!has_fault("no_device")) return 1;
  host->set_error("the pretended device is away");
  return 0;
}

tenon_status device_properties(tenon_backend* backend, std::int32_t index,
                               tenon_device_properties* properties) {
  const tenon_status status = inner->device_properties(backend, index, properties);
  properties->device = kDevice;
  properties->total_memory = properties->free_memory = kCapacity;
  return status;
}

tenon_status allocate(tenon_backend*, std::int32_t, std::size_t bytes, void** memory) {
  if (bytes > kCapacity) return failure(TENON_OUT_OF_MEMORY, "the pretended device is full");
  *memory = blocks.allocate(bytes);
  return TENON_OK;
}

void deallocate(tenon_backend*, std::int32_t, void* memory, std::size_t) { blocks.deallocate(memory); }

tenon_status copy(tenon_backend*, DLDevice to_device, void* to, DLDevice from_device, const void* from,
                  std::size_t bytes, void*) {
  const bool within = to_device.device_type == from_device.device_type;
  if (within && has_fault("loses_copies")) return TENON_OK;
  std::memcpy(bytes_of(to_device, to), bytes_of(from_device, from), bytes);
  return TENON_OK;
}

tenon_status synchronize(tenon_backend*, std::int32_t, void*) {
  return has_fault("fails_late") ? failure(TENON_FAILED, "what was queued failed") : TENON_OK;
}

std::int32_t supports(tenon_backend* backend, const tenon_call* call) {
  return pass_on(inner->supports, backend, *call);
}

tenon_status run(tenon_backend* backend, const tenon_call* call) {
  const tenon_status status = pass_on(inner->run, backend, *call);
  std::byte* const first = bytes_of(call->outputs[0].device, call->outputs[0].data);
  if (has_fault("writes_before")) *first ^= std::byte{1};
  return status;
}

const tenon_backend_table* entry(const tenon_host* offered) {
  host = offered;
  const char* const path = std::getenv("TENON_PRETEND_DEVICE_INNER");
  void* const module = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    host->set_error("TENON_PRETEND_DEVICE_INNER names no module");
    return nullptr;
  }
  inner = reinterpret_cast<tenon_entry>(dlsym(module, "tenon_backend_entry"))(host);
  if (inner == nullptr) return nullptr;
  static tenon_backend_table table = *inner;
  table.score = score;
  table.device_properties = device_properties;
  table.allocate = allocate;
  table.deallocate = deallocate;
  table.copy = copy;
  table.synchronize = synchronize;
  table.supports = supports;
  table.run = run;
  return &table;
}

}  // namespace

TENON_EXPORT_BACKEND(entry, "pretend", "1", "", "", "", 1)
