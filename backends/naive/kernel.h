// How a call finds its loop. Each family of ops has one find_ function, which picks a kernel by member and
// dtypes. `supports` and `run` both ask it, so what is promised and what is done cannot drift apart.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <initializer_list>

namespace tenon::naive {

using plugin::Call;
using plugin::cast_element;
using plugin::dtype_of;
using plugin::TypeTag;
using plugin::View;
using plugin::visit_dtype;

/// Does one call. Throws plugin::InvalidData before it touches an output, if the data is wrong.
using Kernel = void (*)(const Call&);

/// The kernel for this concrete call, or null if abi.h does not define the call. naive.cpp has made sure that
/// the call has as many operands as its op takes. Throws std::invalid_argument on dtypes and attributes that
/// the SDK does not know.
Kernel find_init(const Call& call);
Kernel find_copy(const Call& call);
Kernel find_unary(const Call& call);
Kernel find_binary(const Call& call);
Kernel find_ternary(const Call& call);
Kernel find_reduce(const Call& call);
Kernel find_matmul(const Call& call);
Kernel find_index(const Call& call);
Kernel find_einsum(const Call& call);
Kernel find_softmax(const Call& call);

/// Whether the call's operands have just these dtypes.
inline bool has_dtypes(const Call& call, std::initializer_list<DType> inputs, DType output) {
  if (call.num_inputs() != inputs.size() || call.output().dtype() != output) return false;
  std::size_t i = 0;
  for (const DType dtype : inputs) {
    if (call.input(i++).dtype() != dtype) return false;
  }
  return true;
}

/// A number attribute as an element of type `T`: `real` for floating types, `integer` (wrapped) for the
/// others.
template <typename T>
T number_as(const tenon_number& number) {
  if constexpr (std::is_integral_v<T>) {
    return cast_element<T>(number.integer);
  } else {
    return cast_element<T>(number.real);
  }
}

}  // namespace tenon::naive
