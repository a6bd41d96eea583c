// Elementwise ops of one operand, each beside its derivative.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/ops.h>

#include <numbers>

#include "elementwise.h"

namespace tenon {
namespace {

// dx from dy and from what the formula needs: nothing, x, or y = op(x).
using FromGradient = Tensor (*)(const Tensor& g);
using FromInput = Tensor (*)(const Tensor& g, const Tensor& x);
struct FromOutput {
  Tensor (*rule)(const Tensor& g, const Tensor& y);
};

Tensor differentiable(Op op, const Tensor& x, FromGradient rule) {
  Tensor out = ops::run_unary(op, x);
  if (autograd::recording({&x})) {
    autograd::record(out, info(op).name, {{&x, [rule](const Tensor& g, const Tensor&) { return rule(g); }}});
  }
  return out;
}

Tensor differentiable(Op op, const Tensor& x, FromInput rule) {
  Tensor out = ops::run_unary(op, x);
  if (autograd::recording({&x})) {
    autograd::record(
        out, info(op).name,
        {{&x, [rule, x = autograd::Saved(x)](const Tensor& g, const Tensor&) { return rule(g, *x); }}});
  }
  return out;
}

Tensor differentiable(Op op, const Tensor& x, FromOutput from_output) {
  Tensor out = ops::run_unary(op, x);
  if (autograd::recording({&x})) autograd::record(out, info(op).name, {{&x, from_output.rule}}, true);
  return out;
}

// The derivative of a step function, where it has one.
Tensor zero(const Tensor& g) { return zeros_like(g); }

}  // namespace

Tensor neg(const Tensor& x) {
  return differentiable(Op::neg, x, [](const Tensor& g) { return -g; });
}

Tensor abs(const Tensor& x) {
  return differentiable(Op::abs, x, [](const Tensor& g, const Tensor& x) { return g * sign(x); });
}

Tensor sign(const Tensor& x) { return differentiable(Op::sign, x, zero); }

Tensor exp(const Tensor& x) {
  return differentiable(Op::exp, x, FromOutput{[](const Tensor& g, const Tensor& y) { return g * y; }});
}

Tensor expm1(const Tensor& x) {
  return differentiable(Op::expm1, x,
                        FromOutput{[](const Tensor& g, const Tensor& y) { return g * (y + 1); }});
}

Tensor log(const Tensor& x) {
  return differentiable(Op::log, x, [](const Tensor& g, const Tensor& x) { return g / x; });
}

Tensor log1p(const Tensor& x) {
  return differentiable(Op::log1p, x, [](const Tensor& g, const Tensor& x) { return g / (x + 1); });
}

Tensor sqrt(const Tensor& x) {
  return differentiable(Op::sqrt, x,
                        FromOutput{[](const Tensor& g, const Tensor& y) { return g / (y * 2); }});
}

Tensor rsqrt(const Tensor& x) {
  return differentiable(Op::rsqrt, x,
                        FromOutput{[](const Tensor& g, const Tensor& y) { return g * (y * y * y * -0.5); }});
}

Tensor square(const Tensor& x) {
  return differentiable(Op::square, x, [](const Tensor& g, const Tensor& x) { return g * (x * 2); });
}

Tensor reciprocal(const Tensor& x) {
  return differentiable(Op::reciprocal, x,
                        FromOutput{[](const Tensor& g, const Tensor& y) { return -(g * square(y)); }});
}

Tensor sin(const Tensor& x) {
  return differentiable(Op::sin, x, [](const Tensor& g, const Tensor& x) { return g * cos(x); });
}

Tensor cos(const Tensor& x) {
  return differentiable(Op::cos, x, [](const Tensor& g, const Tensor& x) { return -(g * sin(x)); });
}

Tensor tanh(const Tensor& x) {
  return differentiable(Op::tanh, x,
                        FromOutput{[](const Tensor& g, const Tensor& y) { return g * (1 - square(y)); }});
}

Tensor sigmoid(const Tensor& x) {
  return differentiable(Op::sigmoid, x,
                        FromOutput{[](const Tensor& g, const Tensor& y) { return g * (y * (1 - y)); }});
}

Tensor relu(const Tensor& x) {
  return differentiable(Op::relu, x, FromOutput{[](const Tensor& g, const Tensor& y) {
                          return where(gt(y, 0), g, scalar_beside(g, 0));
                        }});
}

Tensor erf(const Tensor& x) {
  return differentiable(Op::erf, x, [](const Tensor& g, const Tensor& x) {
    return g * (exp(-square(x)) * (2 * std::numbers::inv_sqrtpi));
  });
}

Tensor gelu(const Tensor& x) {
  // d/dx x Phi(x) = Phi(x) + x phi(x), Phi and phi the standard normal distribution and density.
  return differentiable(Op::gelu, x, [](const Tensor& g, const Tensor& x) {
    const Tensor distribution = (erf(x * (1 / std::numbers::sqrt2)) + 1) * 0.5;
    const Tensor density = exp(square(x) * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    return g * (distribution + x * density);
  });
}

Tensor floor(const Tensor& x) { return differentiable(Op::floor, x, zero); }
Tensor ceil(const Tensor& x) { return differentiable(Op::ceil, x, zero); }
Tensor round(const Tensor& x) { return differentiable(Op::round, x, zero); }
Tensor logical_not(const Tensor& x) { return ops::run_unary(Op::logical_not, x); }
Tensor isnan(const Tensor& x) { return ops::run_unary(Op::isnan, x); }

Tensor softplus(const Tensor& x) {
  const Tensor values = astype(x, to_floating(x.dtype()));
  Tensor out;
  {
    const NoGrad no_grad;
    out = relu(values) + log1p(exp(-abs(values)));
  }
  if (autograd::recording({&values})) {
    autograd::record(out, "softplus",
                     {{&values, [x = autograd::Saved(values)](const Tensor& g, const Tensor&) {
                         return g * sigmoid(*x);
                       }}});
  }
  return out;
}

}  // namespace tenon
