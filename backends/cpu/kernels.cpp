#include "cpu/kernels.h"

#include "cpu/families.h"

#include <stdexcept>

namespace tenon::cpu {
namespace {

bool dispatch_family(const plugin::Call& call, bool run) {
  switch (call.op()) {
    case TENON_OP_INIT:
      return init(call, run);
    case TENON_OP_COPY:
      return copy(call, run);
    case TENON_OP_UNARY:
      return unary(call, run);
    case TENON_OP_BINARY:
      return binary(call, run);
    case TENON_OP_TERNARY:
      return ternary(call, run);
    case TENON_OP_REDUCE:
      return call.member() < TENON_REDUCE_ARGMAX ? reduce(call, run) : arg_reduce(call, run);
    case TENON_OP_MATMUL:
      return matmul(call, run);
    case TENON_OP_INDEX:
      return index(call, run);
    case TENON_OP_SOFTMAX:
      return softmax(call, run);
    default:
      return false;
  }
}

bool dispatch(const plugin::Call& call, bool run) {
  try {
    return dispatch_family(call, run);
  } catch (const std::invalid_argument&) {
    return false;  // a dtype or an attribute that Tenon does not have yet; read before any output is touched
  }
}

}  // namespace

bool supports(const plugin::Call& call) { return dispatch(call, false); }

bool run(const plugin::Call& call) { return dispatch(call, true); }

}  // namespace tenon::cpu
