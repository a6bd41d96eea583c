// What the elementwise ops have in common: promotion, broadcasting, the call, the record.
#pragma once

#include <tenon/autograd.h>
#include <tenon/op_table.h>
#include <tenon/tensor.h>

#include "../dispatch/door.h"

namespace tenon::ops {

/// The family's attributes: which member.
tenon_member_attributes member_of(Op op);

/// `tensor` as an input that is read with `shape`: zero strides on the axes where it is stretched. Holds the
/// strides, so it must outlive the call.
class BroadcastOperand {
 public:
  BroadcastOperand(const Tensor& tensor, const Shape& shape) : tensor_(tensor), shape_(shape) {
    if (tensor.shape() != shape) {
      strides_ = broadcast_strides(tensor.shape(), tensor.strides(), shape);
      stretched_ = true;
    }
  }
  operator dispatch::Operand() const {
    return stretched_ ? dispatch::Operand{tensor_, &strides_, &shape_} : dispatch::Operand{tensor_};
  }

 private:
  const Tensor& tensor_;
  const Shape& shape_;
  Strides strides_;
  bool stretched_ = false;
};

/// The dtype of `op`'s output for inputs that promote to `dtype`.
DType result_dtype(Op op, DType dtype);

/// Throws DTypeError "[op] ... " if `op` does not take `dtype`.
void check_dtype(Op op, DType dtype);

/// Uninitialised and contiguous, for the result of an op: dispatch() takes its memory where it is to lie.
Tensor output(const Shape& shape, DType dtype);
/// Filled, and in the memory of `x` unless a scope chose a backend.
Tensor full_beside(const Tensor& x, const Shape& shape, Scalar value, DType dtype);

/// The unrecorded call.
Tensor run_unary(Op op, const Tensor& x);
Tensor run_binary(Op op, const Tensor& a, const Tensor& b);

}  // namespace tenon::ops
