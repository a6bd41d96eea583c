#include "backend_under_test.h"

#include <dlfcn.h>

#include <cstdio>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace tenon::emulation {
namespace {

// Plain bytes, which can be used while a thread's other thread_local objects are destroyed.
thread_local char last_error[1024] = "";
std::string last_log;

const tenon_host kHost = {
    sizeof(tenon_host),
    TENON_ABI_MAJOR,
    TENON_ABI_MINOR,
    [](std::int32_t, const char* message) { last_log = message; },
    [](const char* message) { std::snprintf(last_error, sizeof(last_error), "%s", message); },
    [] { return 1; },
    nullptr,
    nullptr,
};

void* open_module() {
  void* const module = dlopen(TENON_CUDA_EMULATED, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) throw std::runtime_error(dlerror());
  return module;
}

template <typename Function>
void find(void* module, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(module, name));
  if (function == nullptr) throw std::runtime_error(dlerror());
}

Outcome outcome(tenon_status status) { return {status, status == TENON_OK ? std::string() : take_error()}; }

}  // namespace

std::string take_error() {
  const std::string error = last_error;
  last_error[0] = '\0';
  return error;
}

Switches::Switches() {
  void* const module = open_module();
  find(module, "tenon_cuda_emulation_fail_at", fail_at);
  find(module, "tenon_cuda_emulation_fail", fail);
  find(module, "tenon_cuda_emulation_calls", calls);
  find(module, "tenon_cuda_emulation_calls_of", calls_of);
  find(module, "tenon_cuda_emulation_live_bytes", live_bytes);
  find(module, "tenon_cuda_emulation_live_handles", live_handles);
  find(module, "tenon_cuda_emulation_has_context", has_context);
  find(module, "tenon_cuda_emulation_current_device", current_device);
  find(module, "tenon_cuda_emulation_set_device", set_device);
  Machine* (*find_machine)() = nullptr;
  find(module, "tenon_cuda_emulation_machine", find_machine);
  machine = find_machine();
}

const Switches& switches() {
  static const Switches found;
  return found;
}

std::string take_log() { return std::exchange(last_log, {}); }

BackendUnderTest::BackendUnderTest() {
  const tenon_backend_table* (*entry)(const tenon_host*) = nullptr;
  find(open_module(), "tenon_backend_entry", entry);
  table_ = entry(&kHost);
  if (table_ == nullptr || table_->create(&backend_) != TENON_OK) throw std::runtime_error(take_error());
}

BackendUnderTest::~BackendUnderTest() { table_->destroy(backend_); }

DeviceTensor::DeviceTensor(const BackendUnderTest& backend, int device, DLDataType dtype,
                           std::vector<std::int64_t> shape)
    : backend_(&backend),
      device_(device),
      dtype_(dtype),
      shape_(std::move(shape)),
      strides_(shape_.size()),
      bytes_(dtype.bits / 8U *
             static_cast<std::size_t>(
                 std::accumulate(shape_.begin(), shape_.end(), std::int64_t{1}, std::multiplies<>()))) {
  std::int64_t stride = 1;
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    strides_[axis] = stride;
    stride *= shape_[axis];
  }
  if (backend_->table().allocate(backend_->get(), device_, bytes_, &memory_) != TENON_OK) memory_ = nullptr;
}

DeviceTensor::~DeviceTensor() {
  if (memory_ == nullptr) return;
  static_cast<void>(backend_->table().synchronize(backend_->get(), device_, nullptr));
  backend_->table().deallocate(backend_->get(), device_, memory_, bytes_);
}

DLTensor DeviceTensor::tensor() const {
  return {memory_,
          device(),
          static_cast<int>(shape_.size()),
          dtype_,
          const_cast<std::int64_t*>(shape_.data()),
          const_cast<std::int64_t*>(strides_.data()),
          0};
}

Outcome DeviceTensor::write(const void* from) const {
  return outcome(
      backend_->table().copy(backend_->get(), device(), memory_, {kDLCPU, 0}, from, bytes_, nullptr));
}

Outcome DeviceTensor::read(void* to) const {
  return outcome(
      backend_->table().copy(backend_->get(), {kDLCPU, 0}, to, device(), memory_, bytes_, nullptr));
}

Outcome DeviceTensor::copy(const DeviceTensor& from) const {
  return outcome(backend_->table().copy(backend_->get(), device(), memory_, from.device(), from.memory(),
                                        bytes_, nullptr));
}

Outcome run(const BackendUnderTest& backend, std::uint32_t op, std::initializer_list<DLTensor> inputs,
            const DLTensor& out, const void* attributes) {
  const tenon_call call = {
      sizeof(call), op,     static_cast<std::uint32_t>(inputs.size()), 1, inputs.begin(), &out,
      attributes,   nullptr};
  return outcome(backend.table().run(backend.get(), &call));
}

}  // namespace tenon::emulation
