// The one door: every op that any part of Tenon runs goes through dispatch().
#pragma once

#include <tenon/backend.h>
#include <tenon/op_table.h>
#include <tenon/tensor.h>

#include <initializer_list>
#include <span>
#include <string_view>

namespace tenon::dispatch {

/// An operand as a backend sees it. Elementwise inputs are read with broadcast strides.
struct Operand {
  const Tensor& tensor;
  const Strides* strides = nullptr;  ///< instead of the tensor's; with `shape`
  const Shape* shape = nullptr;
};

/// Runs `op` on the first backend of the selection that does it, else on naive as the fallback policy allows.
/// Operands that lie in another memory are copied to where it runs. An output of ops::output() gets its memory
/// here, where the first of the selection works. `attributes` is the struct that abi.h names for the op. Core
/// has validated everything. Throws BackendError if nobody does it or the backend fails, IndexError if it finds
/// wrong data.
void dispatch(Op op, std::initializer_list<Operand> inputs, const Tensor& output, const void* attributes);

/// The same without falling back, for an op that the caller can compose of others: whether a chosen backend did
/// it. It is not asked where operands would have to be copied.
bool try_dispatch(Op op, std::initializer_list<Operand> inputs, const Tensor& output, const void* attributes);

/// The same where `output` lies, whatever is chosen, and without falling back: whether it was done.
bool dispatch_where_it_lies(Op op, std::initializer_list<Operand> inputs, const Tensor& output,
                            const void* attributes);

/// The choice for the copies of which `name` consists, one of each of `tensors`, as if they were operands of one
/// op: where they do not lie together, the fallback policy holds.
BackendChoice together(std::string_view name, std::span<const Tensor> tensors);

/// The choice for ops that are to run where `x` lies, whatever is chosen.
BackendChoice where_lies(const Tensor& x);
/// The same, unless a scope chose a backend.
BackendChoice beside(const Tensor& x);

}  // namespace tenon::dispatch
