#include "opencl/coverage.h"

#include <initializer_list>

namespace tenon::opencl {
namespace {

using plugin::Call;
using plugin::is_floating;

bool has_dtypes(const Call& call, std::initializer_list<DType> inputs, DType output) {
  if (call.num_inputs() != inputs.size() || call.output().dtype() != output) return false;
  std::size_t i = 0;
  for (const DType dtype : inputs) {
    if (call.input(i++).dtype() != dtype) return false;
  }
  return true;
}

/// Whether the member is a function from the dtype to itself.
bool is_function_on(std::uint32_t member, DType dtype) {
  switch (member) {
    case TENON_UNARY_NEG:
      return dtype != DType::boolean;
    case TENON_UNARY_ABS:
    case TENON_UNARY_SIGN:
    case TENON_UNARY_SQUARE:
    case TENON_UNARY_RELU:
    case TENON_UNARY_FLOOR:
    case TENON_UNARY_CEIL:
    case TENON_UNARY_ROUND:
      return true;
    default:
      return member <= TENON_UNARY_GELU && is_floating(dtype);
  }
}

bool covers_init(const Call& call) {
  const DType dtype = call.output().dtype();
  if (call.num_inputs() != 0) return false;
  switch (call.member()) {
    case TENON_INIT_FILL:
      return true;
    case TENON_INIT_ARANGE:
      return dtype != DType::boolean;
    case TENON_INIT_EYE:
      return call.output().rank() >= 2;
    case TENON_INIT_RANDOM_BITS:
      return dtype == DType::int64;
    case TENON_INIT_UNIFORM:
    case TENON_INIT_NORMAL:
      return dtype == DType::float32 || dtype == DType::float64;
    default:
      return false;
  }
}

bool covers_unary(const Call& call) {
  if (call.num_inputs() != 1) return false;
  const DType dtype = call.input(0).dtype();
  const std::uint32_t member = call.member();
  const bool asks = member == TENON_UNARY_LOGICAL_NOT || member == TENON_UNARY_ISNAN;
  return asks ? has_dtypes(call, {dtype}, DType::boolean)
              : has_dtypes(call, {dtype}, dtype) && is_function_on(member, dtype);
}

bool covers_binary(const Call& call) {
  if (call.num_inputs() != 2) return false;
  const DType dtype = call.input(0).dtype();
  const std::uint32_t member = call.member();
  if (member >= TENON_BINARY_EQ && member <= TENON_BINARY_GE) {
    return has_dtypes(call, {dtype, dtype}, DType::boolean);
  }
  if (!has_dtypes(call, {dtype, dtype}, dtype)) return false;
  switch (member) {
    case TENON_BINARY_ADD:
    case TENON_BINARY_MUL:
    case TENON_BINARY_MAXIMUM:
    case TENON_BINARY_MINIMUM:
      return true;
    case TENON_BINARY_SUB:
    case TENON_BINARY_POW:
      return dtype != DType::boolean;
    case TENON_BINARY_DIV:
      return is_floating(dtype);
    case TENON_BINARY_AND:
    case TENON_BINARY_OR:
    case TENON_BINARY_XOR:
      return !is_floating(dtype);
    default:
      return false;
  }
}

bool covers_ternary(const Call& call) {
  const DType dtype = call.output().dtype();
  switch (call.member()) {
    case TENON_TERNARY_WHERE:
      return has_dtypes(call, {DType::boolean, dtype, dtype}, dtype);
    case TENON_TERNARY_CLAMP:
      return has_dtypes(call, {dtype, dtype, dtype}, dtype);
    case TENON_TERNARY_MULTIPLY_ADD:
      return has_dtypes(call, {dtype, dtype, dtype}, dtype) && dtype != DType::boolean;
    default:
      return false;
  }
}

bool covers_reduce(const Call& call) {
  if (call.num_inputs() != 1) return false;
  const DType dtype = call.input(0).dtype();
  const bool over_nothing = call.output().size() > 0 && call.input(0).size() == 0;
  switch (call.member()) {
    case TENON_REDUCE_SUM:
    case TENON_REDUCE_PROD:
      return has_dtypes(call, {dtype}, is_floating(dtype) ? dtype : DType::int64);
    case TENON_REDUCE_MEAN:
      return has_dtypes(call, {dtype}, dtype) && is_floating(dtype);
    case TENON_REDUCE_MAX:
    case TENON_REDUCE_MIN:
      return has_dtypes(call, {dtype}, dtype) && !over_nothing;
    case TENON_REDUCE_ANY:
    case TENON_REDUCE_ALL:
      return has_dtypes(call, {dtype}, DType::boolean);
    case TENON_REDUCE_ARGMAX:
    case TENON_REDUCE_ARGMIN:
      return has_dtypes(call, {dtype}, DType::int64) && !over_nothing;
    default:
      return false;
  }
}

bool covers_matmul(const Call& call) {
  const DType dtype = call.output().dtype();
  const bool typed =
      has_dtypes(call, {dtype, dtype}, dtype) || has_dtypes(call, {dtype, dtype, dtype}, dtype);
  const std::uint32_t activation = call.attributes<tenon_matmul_attributes>().activation;
  return typed && dtype != DType::boolean && call.output().rank() >= 2 &&
         (activation == TENON_NO_ACTIVATION || is_function_on(activation, dtype));
}

bool covers_index(const Call& call) {
  const DType dtype = call.output().dtype();
  for (const DType index : {DType::int32, DType::int64}) {
    switch (call.member()) {
      case TENON_INDEX_GATHER:
        if (has_dtypes(call, {dtype, index}, dtype)) return true;
        break;
      case TENON_INDEX_SCATTER_ADD:
        if (has_dtypes(call, {index, dtype}, dtype) && dtype != DType::boolean) return true;
        break;
      case TENON_INDEX_ONE_HOT:
        if (has_dtypes(call, {index}, dtype)) return true;
        break;
      default:
        return false;
    }
  }
  return false;
}

bool covers_softmax(const Call& call) {
  const DType dtype = call.output().dtype();
  return has_dtypes(call, {dtype}, dtype) && is_floating(dtype) &&
         (call.member() == TENON_SOFTMAX_SOFTMAX || call.member() == TENON_SOFTMAX_LOG_SOFTMAX);
}

bool is_defined(const Call& call) {
  switch (call.op()) {
    case TENON_OP_INIT:
      return covers_init(call);
    case TENON_OP_COPY:
      return call.num_inputs() == 1;
    case TENON_OP_UNARY:
      return covers_unary(call);
    case TENON_OP_BINARY:
      return covers_binary(call);
    case TENON_OP_TERNARY:
      return covers_ternary(call);
    case TENON_OP_REDUCE:
      return covers_reduce(call);
    case TENON_OP_MATMUL:
      return covers_matmul(call);
    case TENON_OP_INDEX:
      return covers_index(call);
    case TENON_OP_SOFTMAX:
      return covers_softmax(call);
    default:
      return false;
  }
}

/// float64 operands, and what abi.h wants computed in double.
bool needs_double(const Call& call) {
  bool needs = call.output().dtype() == DType::float64;
  for (std::size_t i = 0; i < call.num_inputs(); ++i)
    needs = needs || call.input(i).dtype() == DType::float64;
  if (call.op() != TENON_OP_INIT) return needs;
  const std::uint32_t member = call.member();
  return needs || member == TENON_INIT_UNIFORM || member == TENON_INIT_NORMAL ||
         (member == TENON_INIT_ARANGE && is_floating(call.output().dtype()));
}

}  // namespace

bool is_covered(const Call& call, bool has_double) {
  for (std::size_t i = 0; i < call.num_inputs(); ++i)
    (void)call.input(i).dtype();  // or it is no dtype of ours
  (void)call.output().dtype();
  return is_defined(call) && (has_double || !needs_double(call));
}

}  // namespace tenon::opencl
