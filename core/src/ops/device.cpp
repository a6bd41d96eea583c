// Moving tensors between memories.
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/ops.h>

#include <cstring>

#include "../dispatch/door.h"
#include "../dispatch/selection.h"
#include "../tensor_body.h"
#include "transfer.h"

namespace tenon {
namespace {

// Whether the elements lie side by side from where a copy between memories can begin: the start of a block, or
// anywhere on the host.
bool is_packed(const Tensor& x) {
  return x.is_contiguous() && (x.offset() == 0 || x.storage()->memory() == nullptr);
}

// Side by side elements of `from` to those of `to`, in any two memories.
void transfer(const Tensor& to, const Tensor& from) {
  const std::size_t bytes = static_cast<std::size_t>(from.size()) * item_size(from.dtype());
  if (bytes == 0) return;
  Storage& target = *to.storage();
  Storage& source = *from.storage();
  target.claim_to_write();
  source.claim_to_read();
  if (target.memory() == nullptr && source.memory() == nullptr) {
    std::memcpy(to.address(), from.address(), bytes);
  } else if (source.memory() == nullptr) {
    target.memory()->write(target.data(), from.address(), bytes);
  } else if (target.memory() == nullptr) {
    source.memory()->read(to.address(), source.data(), bytes);
  } else {
    target.memory()->copy_from(*source.memory(), target.data(), source.data(), bytes);
  }
}

// The whole block that `x` lies in, as a vector of its dtype.
Tensor whole_block(const Tensor& x) {
  const auto count = static_cast<std::int64_t>(x.storage()->bytes() / item_size(x.dtype()));
  return make_view(x, {count}, {1}, 0);
}

Tensor on_host(const Tensor& block) {
  Tensor out = empty(block.shape(), block.dtype(), Device());
  transfer(out, block);
  return out;
}

// `x`, packed, where it lies; on the host if its device cannot do that.
Tensor packed(const Tensor& x) {
  if (is_packed(x)) return x;
  if (!x.device().is_host()) {
    Tensor out = empty(x.shape(), x.dtype(), x.device());
    if (dispatch::dispatch_where_it_lies(Op::copy, {{x}}, out, nullptr)) return out;
    return packed(make_view(on_host(whole_block(x)), x.shape(), x.strides(), x.offset()));
  }
  const use_backend scope(dispatch::where_lies(x));
  return clone(x);
}

}  // namespace

void ops::overwrite(const Tensor& to, const Tensor& from) {
  const Tensor source = packed(from);
  if (is_packed(to)) {
    transfer(to, source);
    return;
  }
  const Tensor beside = tenon::to(source, to.device());
  if (dispatch::dispatch_where_it_lies(Op::copy, {{beside}}, to, nullptr)) return;
  const Tensor block = on_host(whole_block(to));
  const Tensor shown = make_view(block, to.shape(), to.strides(), to.offset());
  const use_backend scope(dispatch::where_lies(block));
  copy_(shown, tenon::to(source, Device()));
  transfer(whole_block(to), block);
}

Tensor ops::packed_on_host(const Tensor& x) {
  const NoGrad no_grad;
  return packed(to(x, Device()));
}

Device::Device(std::string_view name) {
  if (name != "cpu") memory_ = dispatch::find_target(name).memory;
}

std::string Device::name() const { return memory_ == nullptr ? "cpu" : memory_->name(); }

void Device::synchronize() const {
  if (memory_ != nullptr) memory_->synchronize();
}

MemoryStatistics Device::statistics() const {
  return memory_ == nullptr ? host_memory::statistics() : memory_->statistics();
}

void Device::release_cache() const {
  if (memory_ == nullptr) {
    host_memory::release_cache();
  } else {
    memory_->release_cache();
  }
}

Device current_device() { return Device(dispatch::current().memory()); }

Tensor to(const Tensor& x, const Device& device) {
  const Device home = x.device();
  if (device == home) return x;
  Tensor out;
  {
    const NoGrad no_grad;
    out = empty(x.shape(), x.dtype(), device);
    transfer(out, packed(x));
  }
  if (autograd::recording({&x}))
    autograd::record(out, "to", {{&x, [home](const Tensor& g, const Tensor&) { return to(g, home); }}});
  return out;
}

}  // namespace tenon
