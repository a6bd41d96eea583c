// Copies, casts, joins, and ops in place.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <utility>

#include "../tensor_body.h"
#include "elementwise.h"

namespace tenon {
namespace {

Tensor same(const Tensor& g, const Tensor&) { return g; }

Tensor copied(const Tensor& x, DType dtype, std::string_view op) {
  Tensor out = ops::output(x.shape(), dtype);
  dispatch::dispatch(Op::copy, {{x}}, out, nullptr);
  if (is_floating(dtype) && autograd::recording({&x})) autograd::record(out, op, {{&x, same}});
  return out;
}

// ---- in place ----

void check_in_place(std::string_view op, const Tensor& x, std::initializer_list<const Tensor*> operands) {
  bool records = autograd::recording({&x});
  for (const Tensor* operand : operands) records |= autograd::recording({operand});
  if (records) {
    throw AutogradError(
        fmt::format("[{}] in place on or from a tensor that needs a gradient; do it under NoGrad, or use the "
                    "op that returns a new tensor",
                    op));
  }
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (x.shape()[i] > 1 && x.strides()[i] == 0) {
      throw ShapeError(
          fmt::format("[{}] axis {} of {} is expanded: its elements share memory; clone() it first", op, i,
                      to_string(x.shape())));
    }
  }
  for (const Tensor* operand : operands) {
    if (broadcast_shapes(op, x.shape(), operand->shape()) != x.shape()) {
      throw ShapeError(fmt::format("[{}] {} does not broadcast to {}", op, to_string(operand->shape()),
                                   to_string(x.shape())));
    }
  }
}

bool is_same_view(const Tensor& a, const Tensor& b) {
  return a.storage() == b.storage() && a.offset() == b.offset() && a.shape() == b.shape() &&
         a.strides() == b.strides() && a.dtype() == b.dtype();
}

// `operand`, or a copy of it if writing x would change what is still to be read from it.
Tensor unaffected(const Tensor& operand, const Tensor& x) {
  return operand.storage() != x.storage() || is_same_view(operand, x) ? operand : clone(operand);
}

const Tensor& binary_in_place(Op op, std::string_view name, const Tensor& x, const Tensor& y) {
  check_in_place(name, x, {&y});
  const NoGrad no_grad;
  const DType dtype = promote(x.dtype(), y.dtype());
  if (ops::result_dtype(op, dtype) != x.dtype()) return copy_(x, ops::run_binary(op, x, y));
  ops::check_dtype(op, dtype);
  const Tensor operand = unaffected(astype(y, dtype), x);
  const tenon_member_attributes attributes = ops::member_of(op);
  dispatch::dispatch(op, {{x}, ops::BroadcastOperand(operand, x.shape())}, x, &attributes);
  x.storage()->bump_version();
  return x;
}

}  // namespace

Tensor astype(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : copied(x, dtype, "astype"); }
Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : copied(x, x.dtype(), "contiguous"); }
Tensor clone(const Tensor& x) { return copied(x, x.dtype(), "clone"); }

Tensor concat(std::span<const Tensor> tensors, std::int64_t axis) {
  if (tensors.empty()) throw ShapeError("[concat] no tensors to join");
  const Shape& first = tensors[0].shape();
  const std::size_t at = normalize_axis("concat", axis, first.size());
  Shape shape = first;
  DType dtype = tensors[0].dtype();
  for (const Tensor& tensor : tensors.subspan(1)) {
    Shape expected = tensor.shape();
    if (expected.size() == first.size()) expected[at] = first[at];
    if (expected != first) {
      throw ShapeError(fmt::format("[concat] {} and {} differ in more than axis {}", to_string(first),
                                   to_string(tensor.shape()), at));
    }
    shape[at] += tensor.shape()[at];
    dtype = promote(dtype, tensor.dtype());
  }
  Tensor out = ops::output(shape, dtype);
  const BackendChoice backend = dispatch::together("concat", tensors);
  std::vector<const Tensor*> inputs;
  std::vector<autograd::Branch> branches;
  std::int64_t start = 0;
  for (const Tensor& tensor : tensors) {
    const std::int64_t stop = start + tensor.shape()[at];
    {
      const NoGrad no_grad;
      const use_backend scope(backend);
      dispatch::dispatch(Op::copy, {{tensor}}, slice(out, axis, start, stop), nullptr);
    }
    inputs.push_back(&tensor);
    branches.push_back(
        {&tensor, [=](const Tensor& g, const Tensor&) { return slice(g, axis, start, stop); }});
    start = stop;
  }
  if (autograd::recording(inputs)) autograd::record(out, "concat", std::move(branches));
  return out;
}

Tensor stack(std::span<const Tensor> tensors, std::int64_t axis) {
  std::vector<Tensor> raised;
  for (const Tensor& tensor : tensors) {
    if (tensor.shape() != tensors[0].shape()) {
      throw ShapeError(
          fmt::format("[stack] {} and {} differ", to_string(tensors[0].shape()), to_string(tensor.shape())));
    }
    raised.push_back(unsqueeze(tensor, axis));
  }
  return concat(raised, axis);
}

const Tensor& copy_(const Tensor& x, const Tensor& source) {
  check_in_place("copy_", x, {&source});
  if (is_same_view(x, source)) return x;
  const NoGrad no_grad;
  const Tensor operand = unaffected(source, x);
  dispatch::dispatch(Op::copy, {ops::BroadcastOperand(operand, x.shape())}, x, nullptr);
  x.storage()->bump_version();
  return x;
}

const Tensor& fill_(const Tensor& x, Scalar value) {
  check_in_place("fill_", x, {});
  const tenon_init_attributes attributes = {
      sizeof(tenon_init_attributes), TENON_INIT_FILL, {value.as(x.dtype()), {}}, 0, 0};
  dispatch::dispatch(Op::fill, {}, x, &attributes);
  x.storage()->bump_version();
  return x;
}

const Tensor& add_(const Tensor& x, const Tensor& y) { return binary_in_place(Op::add, "add_", x, y); }
const Tensor& sub_(const Tensor& x, const Tensor& y) { return binary_in_place(Op::sub, "sub_", x, y); }
const Tensor& mul_(const Tensor& x, const Tensor& y) { return binary_in_place(Op::mul, "mul_", x, y); }
const Tensor& div_(const Tensor& x, const Tensor& y) { return binary_in_place(Op::div, "div_", x, y); }

const Tensor& multiply_add_(const Tensor& x, const Tensor& a, const Tensor& b) {
  check_in_place("multiply_add_", x, {&a, &b});
  const NoGrad no_grad;
  if (promote(x.dtype(), promote(a.dtype(), b.dtype())) != x.dtype()) return copy_(x, multiply_add(x, a, b));
  ops::check_dtype(Op::multiply_add, x.dtype());
  const Tensor left = unaffected(astype(a, x.dtype()), x);
  const Tensor right = unaffected(astype(b, x.dtype()), x);
  const tenon_member_attributes attributes = ops::member_of(Op::multiply_add);
  dispatch::dispatch(Op::multiply_add,
                     {{x}, ops::BroadcastOperand(left, x.shape()), ops::BroadcastOperand(right, x.shape())},
                     x, &attributes);
  x.storage()->bump_version();
  return x;
}

}  // namespace tenon
