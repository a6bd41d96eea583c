#include "relocation.h"

#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/plugin/host.h>
#include <tenon/views.h>
#include <tenon/plugin/dtype.hpp>

#include <algorithm>

#include "../ops/transfer.h"
#include "../tensor_body.h"
#include "door.h"

namespace tenon::dispatch {

DLTensor frame_of(const Tensor& tensor, const Shape& shape, const Strides& strides) {
  const TensorBody& body = tensor.body();
  const DeviceMemory* memory = body.storage->memory();
  DLTensor frame;
  frame.data = body.storage->data();
  frame.device = memory == nullptr ? DLDevice{kDLCPU, 0} : memory->dlpack();
  frame.ndim = static_cast<int>(shape.size());
  frame.dtype = plugin::to_dlpack(body.dtype);
  // The contract lets a backend read them only; DLPack has no const.
  frame.shape = const_cast<std::int64_t*>(shape.data());
  frame.strides = const_cast<std::int64_t*>(strides.data());
  frame.byte_offset = static_cast<std::uint64_t>(body.offset) * item_size(body.dtype);
  return frame;
}

// A number from the host goes along with the request to fill, without a copy that waits for the device.
Tensor Relocation::filled(const Tensor& number) const {
  Tensor out = empty(number.shape(), number.dtype(), Device(target_.memory));
  out.storage()->claim_to_write();
  tenon_init_attributes attributes{sizeof(tenon_init_attributes), TENON_INIT_FILL, {}, 0, 0};
  visit_dtype(number.dtype(), [&](auto tag) {
    using Element = typename decltype(tag)::type;
    const Element element = *static_cast<const Element*>(number.address());
    attributes.value[0] = {plugin::cast_element<double>(element),
                           plugin::cast_element<std::int64_t>(element)};
  });
  const DLTensor frame = frame_of(out, out.shape(), out.strides());
  const tenon_call call = {sizeof(tenon_call), TENON_OP_INIT, 0, 1, nullptr, &frame, &attributes, nullptr};
  if (target_.backend->table->run(target_.backend->instance, &call) == TENON_OK) return out;
  plugin::take_error();
  return {};
}

Tensor Relocation::moved(const Tensor& tensor) {
  if (tensor.size() == 1 && tensor.storage()->memory() == nullptr) {
    if (Tensor out = filled(tensor); out.defined()) return out;
  }
  if (tensor.size() > 1) bytes_ += static_cast<std::uint64_t>(tensor.size()) * item_size(tensor.dtype());
  return to(tensor, Device(target_.memory));
}

Relocation::Relocation(const Target& target, std::span<const Operand> inputs, const Tensor& output,
                       bool updates)
    : target_(target), output_(output) {
  const NoGrad no_grad;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& tensor = inputs[i].tensor;
    const Shape& shape = inputs[i].shape == nullptr ? tensor.shape() : *inputs[i].shape;
    strides_[i] = inputs[i].strides == nullptr ? tensor.strides() : *inputs[i].strides;
    copies_[i] = tensor;
    if (tensor.storage()->memory() != target.memory) {
      // Repeated elements go over once.
      Shape distinct = shape;
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (strides_[i][axis] == 0) distinct[axis] = std::min<std::int64_t>(shape[axis], 1);
      }
      copies_[i] = moved(make_view(tensor, distinct, strides_[i], tensor.offset()));
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (strides_[i][axis] != 0) strides_[i][axis] = copies_[i].strides()[axis];
      }
    }
    inputs_[i] = frame_of(copies_[i], shape, strides_[i]);
  }
  output_copy_ = output;
  if (output.storage()->memory() != target.memory) {
    output_copy_ = updates ? moved(output) : empty(output.shape(), output.dtype(), Device(target.memory));
  }
  output_frame_ = frame_of(output_copy_, output_copy_.shape(), output_copy_.strides());
}

void Relocation::finish() {
  if (output_copy_.is_same(output_)) return;
  const NoGrad no_grad;
  if (output_.size() > 1) bytes_ += static_cast<std::uint64_t>(output_.size()) * item_size(output_.dtype());
  ops::overwrite(output_, output_copy_);
}

}  // namespace tenon::dispatch
