#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/tensor.h>

#include <fmt/format.h>

#include <array>

#include "autograd/node.h"
#include "free_list.h"
#include "ops/transfer.h"
#include "tensor_body.h"

namespace tenon {
namespace {

const TensorBody& defined_body(const Tensor& x) {
  if (!x.defined()) throw Error("an undefined tensor was used; it was default-made and never assigned");
  return x.body();
}

}  // namespace

const Shape& Tensor::shape() const { return defined_body(*this).shape; }
const Strides& Tensor::strides() const { return defined_body(*this).strides; }
std::int64_t Tensor::size(std::int64_t axis) const { return shape()[normalize_axis("size", axis, rank())]; }
std::int64_t Tensor::size() const { return defined_body(*this).size; }
DType Tensor::dtype() const { return defined_body(*this).dtype; }
std::int64_t Tensor::offset() const { return defined_body(*this).offset; }
const std::shared_ptr<Storage>& Tensor::storage() const { return defined_body(*this).storage; }
Device Tensor::device() const { return Device(storage()->memory()); }
Tensor Tensor::to(std::string_view device) const { return tenon::to(*this, Device(device)); }

void* Tensor::address() const {
  const TensorBody& body = defined_body(*this);
  if (body.storage->memory() != nullptr) {
    throw BackendError(fmt::format(
        "[address] the tensor lies in {}, which the host cannot read; to(\"cpu\") it", device().name()));
  }
  return body.address();
}

Tensor Tensor::on_host() const {
  const NoGrad no_grad;
  return tenon::to(*this, Device());
}

bool Tensor::is_contiguous() const {
  const TensorBody& body = defined_body(*this);
  if (body.size == 0) return true;
  std::int64_t expected = 1;
  for (std::size_t i = body.shape.size(); i-- > 0;) {
    if (body.shape[i] == 1) continue;
    if (body.strides[i] != expected) return false;
    expected *= body.shape[i];
  }
  return true;
}

void Tensor::check_type(DType asked) const {
  if (asked != dtype()) {
    throw DTypeError(
        fmt::format("[data] the tensor is {}, not {}; cast it with astype()", name(dtype()), name(asked)));
  }
}

void Tensor::check_single() const {
  if (size() != 1) {
    throw ShapeError(
        fmt::format("[item] a tensor of shape {} has {} elements, not one", to_string(shape()), size()));
  }
}

template <typename T>
std::vector<T> Tensor::to_vector() const {
  const Tensor source = ops::packed_on_host(*this);
  std::vector<T> values(static_cast<std::size_t>(size()));
  visit_dtype(dtype(), [&](auto tag) {
    using From = typename decltype(tag)::type;
    const auto* from = static_cast<const From*>(source.address());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = plugin::cast_element<T>(from[i]);
  });
  return values;
}

template std::vector<float> Tensor::to_vector<float>() const;
template std::vector<double> Tensor::to_vector<double>() const;
template std::vector<std::int32_t> Tensor::to_vector<std::int32_t>() const;
template std::vector<std::int64_t> Tensor::to_vector<std::int64_t>() const;
template std::vector<std::uint8_t> Tensor::to_vector<std::uint8_t>() const;
template std::vector<bool> Tensor::to_vector<bool>() const;

bool Tensor::requires_grad() const { return static_cast<bool>(defined_body(*this).edge); }

const Tensor& Tensor::set_requires_grad(bool requires_grad) const {
  autograd::Edge& edge = (defined_body(*this), body().edge);
  if (edge && edge.node()->leaf() == nullptr) {
    throw AutogradError("[set_requires_grad] an op computed this tensor; detach() it first");
  }
  if (!requires_grad) {
    edge = {};
  } else if (!edge) {
    if (!is_floating(dtype())) {
      throw DTypeError(fmt::format("[set_requires_grad] only floating tensors have gradients; this one is {}",
                                   name(dtype())));
    }
    edge = {std::make_shared<autograd::Leaf>(shape(), dtype(), device()), 0};
  }
  return *this;
}

Tensor Tensor::grad() const {
  const autograd::Edge& edge = defined_body(*this).edge;
  autograd::Leaf* leaf = edge ? edge.node()->leaf() : nullptr;
  return leaf == nullptr ? Tensor() : leaf->gradient();
}

void Tensor::set_grad(const Tensor& gradient) const {
  const autograd::Edge& edge = defined_body(*this).edge;
  autograd::Leaf* leaf = edge ? edge.node()->leaf() : nullptr;
  if (leaf == nullptr) throw AutogradError("[set_grad] this tensor collects no gradient");
  if (gradient.defined() && (gradient.shape() != shape() || gradient.dtype() != dtype())) {
    throw ShapeError(fmt::format("[set_grad] the gradient is {} {}, the tensor {} {}", name(gradient.dtype()),
                                 to_string(gradient.shape()), name(dtype()), to_string(shape())));
  }
  if (gradient.defined() && gradient.device() != device()) {
    throw AutogradError(
        fmt::format("[set_grad] the gradient lies in {}, the tensor in {}; bring it with to()",
                    gradient.device().name(), device().name()));
  }
  leaf->set_gradient(gradient);
}

void Tensor::backward(const Tensor& gradient) const {
  tenon::backward(std::span(this, 1), std::span(&gradient, 1));
}

Tensor Tensor::detach() const { return make_view(*this, shape(), strides(), offset()); }

Tensor make_view(const Tensor& base, const Shape& shape, const Strides& strides, std::int64_t offset) {
  auto body = std::allocate_shared_for_overwrite<TensorBody>(FreeListAllocator<TensorBody>());
  body->shape = shape;
  body->strides = strides;
  body->offset = offset;
  body->dtype = base.dtype();
  body->size = element_count(shape);
  body->storage = base.storage();
  return Tensor(std::move(body));
}

}  // namespace tenon
