// How a call finds its kernels. Each family of ops has one find_ function that picks by member, dtypes and
// shapes; `supports` and `run` both ask it, so that what is promised is what is done.
#pragma once

#include "cuda/queue.h"

#include <tenon/plugin/backend.hpp>

#include <initializer_list>

namespace tenon::cuda {

using plugin::Call;
using plugin::dtype_of;
using plugin::TypeTag;
using plugin::View;
using plugin::visit_dtype;

/// Queues one call. Throws plugin::InvalidData before an output is touched, CudaError, OutOfDeviceMemory.
using Work = void (*)(const Call&, const Queue&);

/// Null if the call is none that abi.h defines. The number of operands has been checked.
Work find_init(const Call& call);
Work find_copy(const Call& call);
Work find_unary(const Call& call);
Work find_binary(const Call& call);
Work find_ternary(const Call& call);
Work find_reduce(const Call& call);
Work find_softmax(const Call& call);
Work find_index(const Call& call);
Work find_matmul(const Call& call);

/// Whether the call's operands have just these dtypes.
inline bool has_dtypes(const Call& call, std::initializer_list<DType> inputs, DType output) {
  if (call.num_inputs() != inputs.size() || call.output().dtype() != output) return false;
  std::size_t i = 0;
  for (const DType dtype : inputs) {
    if (call.input(i++).dtype() != dtype) return false;
  }
  return true;
}

}  // namespace tenon::cuda
