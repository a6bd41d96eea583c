// Elementwise ops of two and three operands, each beside its derivatives. The engine sums a gradient over the
// axes on which its operand was broadcast, so the rules need not.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <cmath>

#include "elementwise.h"

namespace tenon {
namespace {

using autograd::Saved;
using FromGradient = Tensor (*)(const Tensor& g);
using FromInputs = Tensor (*)(const Tensor& g, const Tensor& a, const Tensor& b);

Tensor differentiable(Op op, const Tensor& a, const Tensor& b, FromGradient da, FromGradient db) {
  Tensor out = ops::run_binary(op, a, b);
  if (autograd::recording({&a, &b})) {
    autograd::record(out, info(op).name,
                     {{&a, [da](const Tensor& g, const Tensor&) { return da(g); }},
                      {&b, [db](const Tensor& g, const Tensor&) { return db(g); }}});
  }
  return out;
}

Tensor differentiable(Op op, const Tensor& a, const Tensor& b, FromInputs da, FromInputs db) {
  Tensor out = ops::run_binary(op, a, b);
  if (autograd::recording({&a, &b})) {
    const Saved saved_a(a);
    const Saved saved_b(b);
    autograd::record(out, info(op).name,
                     {{&a, [=](const Tensor& g, const Tensor&) { return da(g, *saved_a, *saved_b); }},
                      {&b, [=](const Tensor& g, const Tensor&) { return db(g, *saved_a, *saved_b); }}});
  }
  return out;
}

Tensor same(const Tensor& g) { return g; }

// g where `condition` holds, else 0.
Tensor masked(const Tensor& condition, const Tensor& g) { return where(condition, g, scalar_beside(g, 0)); }

// g to the operand that won, half of it where both are equal.
Tensor share(const Tensor& g, const Tensor& won, const Tensor& a, const Tensor& b) {
  return masked(won, g) + masked(eq(a, b), g * 0.5);
}

}  // namespace

Tensor scalar_beside(const Tensor& x, Scalar number) {
  return ops::full_beside(x, {}, number, number.beside(x.dtype()));
}

Tensor add(const Tensor& a, const Tensor& b) { return differentiable(Op::add, a, b, same, same); }

Tensor sub(const Tensor& a, const Tensor& b) { return differentiable(Op::sub, a, b, same, neg); }

Tensor mul(const Tensor& a, const Tensor& b) {
  return differentiable(
      Op::mul, a, b, [](const Tensor& g, const Tensor&, const Tensor& b) { return g * b; },
      [](const Tensor& g, const Tensor& a, const Tensor&) { return g * a; });
}

Tensor div(const Tensor& a, const Tensor& b) {
  return differentiable(
      Op::div, a, b, [](const Tensor& g, const Tensor&, const Tensor& b) { return g / b; },
      [](const Tensor& g, const Tensor& a, const Tensor& b) { return -(g * (a / b) / b); });
}

Tensor pow(const Tensor& a, const Tensor& b) {
  return differentiable(
      Op::pow, a, b,
      [](const Tensor& g, const Tensor& a, const Tensor& b) {
        return masked(ne(b, 0), g * b * pow(a, b - 1));
      },
      [](const Tensor& g, const Tensor& a, const Tensor& b) {
        // 0^b is 0 near any b > 0: no slope, although log(0) is infinite.
        const Tensor flat = where(eq(a, 0), ge(b, 0), ops::full_beside(a, {}, false, DType::boolean));
        return where(flat, scalar_beside(g, 0), g * pow(a, b) * log(a));
      });
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return differentiable(
      Op::maximum, a, b,
      [](const Tensor& g, const Tensor& a, const Tensor& b) { return share(g, gt(a, b), a, b); },
      [](const Tensor& g, const Tensor& a, const Tensor& b) { return share(g, gt(b, a), a, b); });
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return differentiable(
      Op::minimum, a, b,
      [](const Tensor& g, const Tensor& a, const Tensor& b) { return share(g, lt(a, b), a, b); },
      [](const Tensor& g, const Tensor& a, const Tensor& b) { return share(g, lt(b, a), a, b); });
}

Tensor bitwise_and(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::bitwise_and, a, b); }
Tensor bitwise_or(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::bitwise_or, a, b); }
Tensor bitwise_xor(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::bitwise_xor, a, b); }
Tensor eq(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::eq, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::ne, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::lt, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::le, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::gt, a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return ops::run_binary(Op::ge, a, b); }

namespace {

// The unrecorded call on operands that broadcast together; `a` keeps its dtype where it is a condition.
Tensor run_ternary(Op op, const Tensor& a, const Tensor& b, const Tensor& c, DType dtype) {
  ops::check_dtype(op, dtype);
  const std::string_view op_name = info(op).name;
  const Shape shape = broadcast_shapes(op_name, broadcast_shapes(op_name, a.shape(), b.shape()), c.shape());
  const Tensor cast_a = op == Op::where ? a : astype(a, dtype);
  const Tensor cast_b = astype(b, dtype);
  const Tensor cast_c = astype(c, dtype);
  Tensor out = ops::output(shape, dtype);
  const tenon_member_attributes attributes = ops::member_of(op);
  dispatch::dispatch(op,
                     {ops::BroadcastOperand(cast_a, out.shape()), ops::BroadcastOperand(cast_b, out.shape()),
                      ops::BroadcastOperand(cast_c, out.shape())},
                     out, &attributes);
  return out;
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (condition.dtype() != DType::boolean) {
    throw DTypeError(fmt::format("[where] the condition is {}, not bool; compare it with something",
                                 name(condition.dtype())));
  }
  Tensor out = run_ternary(Op::where, condition, a, b, promote(a.dtype(), b.dtype()));
  if (autograd::recording({&a, &b})) {
    const Saved saved(condition);
    autograd::record(
        out, "where",
        {{&a, [saved](const Tensor& g, const Tensor&) { return masked(*saved, g); }},
         {&b, [saved](const Tensor& g, const Tensor&) { return where(*saved, scalar_beside(g, 0), g); }}});
  }
  return out;
}

Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high) {
  const DType dtype = promote(x.dtype(), promote(low.dtype(), high.dtype()));
  Tensor out = run_ternary(Op::clamp, x, low, high, dtype);
  if (autograd::recording({&x, &low, &high})) {
    const Saved saved_x(x);
    const Saved saved_low(low);
    const Saved saved_high(high);
    autograd::record(out, "clamp",
                     {{&x,
                       [=](const Tensor& g, const Tensor&) {
                         return masked(bitwise_and(ge(*saved_x, *saved_low), le(*saved_x, *saved_high)), g);
                       }},
                      {&low,
                       [=](const Tensor& g, const Tensor&) {
                         return masked(bitwise_and(lt(*saved_x, *saved_low), lt(*saved_low, *saved_high)), g);
                       }},
                      {&high, [=](const Tensor& g, const Tensor&) {
                         return masked(bitwise_or(gt(*saved_x, *saved_high), ge(*saved_low, *saved_high)), g);
                       }}});
  }
  return out;
}

Tensor multiply_add(const Tensor& a, const Tensor& b, const Tensor& c) {
  Tensor out = run_ternary(Op::multiply_add, a, b, c, promote(a.dtype(), promote(b.dtype(), c.dtype())));
  if (autograd::recording({&a, &b, &c})) {
    const Saved saved_b(b);
    const Saved saved_c(c);
    autograd::record(out, "multiply_add",
                     {{&a, [](const Tensor& g, const Tensor&) { return g; }},
                      {&b, [saved_c](const Tensor& g, const Tensor&) { return g * *saved_c; }},
                      {&c, [saved_b](const Tensor& g, const Tensor&) { return g * *saved_b; }}});
  }
  return out;
}

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  const NoGrad no_grad;
  const Tensor left = astype(a, DType::float64);
  const Tensor right = astype(b, DType::float64);
  // Infinite distances are never close; equality takes care of like infinities.
  const Tensor distance = abs(left - right);
  const Tensor near = bitwise_and(le(distance, abs(right) * rtol + atol), lt(abs(right), INFINITY));
  const Tensor close = bitwise_or(near, eq(left, right));
  return equal_nan ? bitwise_or(close, bitwise_and(isnan(left), isnan(right))) : close;
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  // On the host: a device may have no float64.
  const Tensor left = to(a, Device());
  const use_backend scope(dispatch::where_lies(left));
  return all(isclose(left, to(b, Device()), rtol, atol, equal_nan)).item<bool>();
}

bool equal(const Tensor& a, const Tensor& b) {
  const NoGrad no_grad;
  return a.shape() == b.shape() && a.dtype() == b.dtype() && all(eq(a, b)).item<bool>();
}

}  // namespace tenon
