#include "elementwise.h"

#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

namespace tenon::ops {
tenon_member_attributes member_of(Op op) { return {sizeof(tenon_member_attributes), info(op).member}; }

DType result_dtype(Op op, DType dtype) {
  switch (info(op).dtype_rule) {
    case DTypeRule::boolean:
      return DType::boolean;
    case DTypeRule::index:
      return DType::int64;
    case DTypeRule::floating:
      return to_floating(dtype);
    case DTypeRule::accumulating:
      return is_floating(dtype) ? dtype : DType::int64;
    case DTypeRule::same:
    case DTypeRule::given:
      break;
  }
  return dtype;
}

void check_dtype(Op op, DType dtype) {
  const OpInfo& row = info(op);
  switch (row.accepts) {
    case Accepts::any:
      return;
    case Accepts::no_bool:
      if (dtype != DType::boolean) return;
      throw DTypeError(fmt::format("[{}] not defined on bool; cast with astype()", row.name));
    case Accepts::no_floating:
      if (!is_floating(dtype)) return;
      throw DTypeError(fmt::format("[{}] defined on integers and bool, not on {}", row.name, name(dtype)));
    case Accepts::floating:
      if (is_floating(dtype)) return;
      throw DTypeError(fmt::format("[{}] defined on floating dtypes, not on {}", row.name, name(dtype)));
  }
}

Tensor run_unary(Op op, const Tensor& x) {
  check_dtype(op, x.dtype());
  const OpInfo& row = info(op);
  const bool casts = row.dtype_rule == DTypeRule::floating && !is_floating(x.dtype());
  const Tensor cast = casts ? astype(x, DType::float32) : Tensor();
  const Tensor& operand = casts ? cast : x;
  Tensor out = ops::output(x.shape(), result_dtype(op, operand.dtype()));
  const tenon_member_attributes attributes = member_of(op);
  dispatch::dispatch(op, {{operand}}, out, &attributes);
  return out;
}

Tensor run_binary(Op op, const Tensor& a, const Tensor& b) {
  const OpInfo& row = info(op);
  DType dtype = promote(a.dtype(), b.dtype());
  check_dtype(op, dtype);
  if (row.dtype_rule == DTypeRule::floating) dtype = to_floating(dtype);
  const bool casts_a = a.dtype() != dtype;
  const bool casts_b = b.dtype() != dtype;
  const Tensor cast_a = casts_a ? astype(a, dtype) : Tensor();
  const Tensor cast_b = casts_b ? astype(b, dtype) : Tensor();
  Tensor out = ops::output(broadcast_shapes(row.name, a.shape(), b.shape()), result_dtype(op, dtype));
  const BroadcastOperand left(casts_a ? cast_a : a, out.shape());
  const BroadcastOperand right(casts_b ? cast_b : b, out.shape());
  const tenon_member_attributes attributes = member_of(op);
  dispatch::dispatch(op, {left, right}, out, &attributes);
  return out;
}

}  // namespace tenon::ops
