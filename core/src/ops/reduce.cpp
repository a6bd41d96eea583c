// Reductions, each beside its derivative, and what is composed of them.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "elementwise.h"

namespace tenon {
namespace {

using autograd::Saved;

struct Reduction {
  std::uint32_t mask;
  Shape kept;     // extent 1 on the reduced axes
  Shape dropped;  // without them
};

Reduction reduction(std::string_view op, const Tensor& x, const Axes& axes) {
  Reduction r{axis_mask(op, axes, x.rank()), x.shape(), {}};
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if ((r.mask >> i & 1U) != 0) {
      r.kept[i] = 1;
    } else {
      r.dropped.push_back(x.shape()[i]);
    }
  }
  return r;
}

std::int64_t reduced_count(const Tensor& x, const Reduction& r) {
  std::int64_t count = 1;
  for (std::size_t i = 0; i < x.rank(); ++i) count *= (r.mask >> i & 1U) != 0 ? x.shape()[i] : 1;
  return count;
}

// The unrecorded call, with the reduced axes kept.
Tensor run_reduce(Op op, const Tensor& x, const Axes& axes, const Reduction& r) {
  const std::string_view op_name = info(op).name;
  const bool needs_elements = op == Op::max || op == Op::min || op == Op::argmax || op == Op::argmin;
  if (needs_elements && reduced_count(x, r) == 0 && element_count(r.kept) != 0) {
    throw ShapeError(fmt::format("[{}] no elements to reduce in {} over axes {}", op_name,
                                 to_string(x.shape()), to_string(axes)));
  }
  const bool casts = op == Op::mean && !is_floating(x.dtype());
  const Tensor operand = casts ? astype(x, DType::float32) : x;
  Tensor kept = ops::output(r.kept, ops::result_dtype(op, operand.dtype()));
  const tenon_reduce_attributes attributes = {sizeof(tenon_reduce_attributes), info(op).member, r.mask};
  dispatch::dispatch(op, {{operand}}, kept, &attributes);
  return kept;
}

// dx from dy and x's shape, or from dy, y and x; dy and y come with the reduced axes kept.
using FromShape = Tensor (*)(const Tensor& g, const Shape& shape);
using FromValues = Tensor (*)(const Tensor& g, const Tensor& y, const Tensor& x);

Tensor reduce(Op op, const Tensor& x, const Axes& axes, bool keepdim) {
  const Reduction r = reduction(info(op).name, x, axes);
  const Tensor kept = run_reduce(op, x, axes, r);
  return keepdim ? kept : view(kept, r.dropped);
}

Tensor reduce(Op op, const Tensor& x, const Axes& axes, bool keepdim, FromShape rule) {
  const Reduction r = reduction(info(op).name, x, axes);
  Tensor kept = run_reduce(op, x, axes, r);
  if (autograd::recording({&x})) {
    autograd::record(
        kept, info(op).name,
        {{&x, [rule, shape = x.shape()](const Tensor& g, const Tensor&) { return rule(g, shape); }}});
  }
  return keepdim ? kept : view(kept, r.dropped);
}

Tensor reduce(Op op, const Tensor& x, const Axes& axes, bool keepdim, FromValues rule) {
  const Reduction r = reduction(info(op).name, x, axes);
  Tensor kept = run_reduce(op, x, axes, r);
  if (autograd::recording({&x})) {
    autograd::record(
        kept, info(op).name,
        {{&x, [rule, x = Saved(x)](const Tensor& g, const Tensor& y) { return rule(g, y, *x); }}}, true);
  }
  return keepdim ? kept : view(kept, r.dropped);
}

// Equal extrema share the gradient.
Tensor extremum_gradient(const Tensor& g, const Tensor& y, const Tensor& x) {
  Axes reduced;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (y.shape()[i] != x.shape()[i]) reduced.push_back(static_cast<std::int64_t>(i));
  }
  const Tensor chosen = astype(eq(x, y.detach()), g.dtype());
  return chosen * (reduced.empty() ? g : g / sum(chosen, reduced, true));
}

// out[.., i] = the product of x[.., j] over j < i (`before`) or j > i, in log2 n steps, each of which doubles
// how far out[.., i] reaches (Hillis & Steele 1986).
Tensor exclusive_product(const Tensor& x, bool before) {
  const std::int64_t n = x.size(-1);
  const auto shifted = [&](const Tensor& y, std::int64_t by) {
    Shape shape = y.shape();
    shape[shape.size() - 1] = by;
    const Tensor edge = ops::full_beside(y, shape, 1, y.dtype());
    return before ? concat({edge, slice(y, -1, 0, n - by)}, -1) : concat({slice(y, -1, by, n), edge}, -1);
  };
  Tensor out = shifted(x, 1);
  for (std::int64_t reach = 1; reach < n; reach *= 2) out = out * shifted(out, reach);
  return out;
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::sum, x, axes, keepdim,
                [](const Tensor& g, const Shape& shape) { return expand(g, shape); });
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::mean, x, axes, keepdim, [](const Tensor& g, const Shape& shape) {
    const std::int64_t count = element_count(shape) / std::max<std::int64_t>(g.size(), 1);
    return expand(g / static_cast<double>(count), shape);
  });
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::prod, x, axes, keepdim, [](const Tensor& g, const Tensor& y, const Tensor& x) {
    if (!any(eq(x, 0)).item<bool>()) return g * y / x;
    // With zeros about, y / x is no answer. Move the reduced axes into one last axis: the product of what is
    // before x_i and of what is behind it is right whatever is zero, at every order.
    Axes order;
    Axes inverse(x.rank(), 0);
    Shape outer;
    for (const bool reduced : {false, true}) {
      for (std::size_t i = 0; i < x.rank(); ++i) {
        if ((y.shape()[i] != x.shape()[i]) != reduced) continue;
        inverse[i] = static_cast<std::int64_t>(order.size());
        order.push_back(static_cast<std::int64_t>(i));
        if (!reduced) outer.push_back(x.shape()[i]);
      }
    }
    const Tensor moved = permute(x, order);
    Shape flat = outer;
    flat.push_back(x.size() / std::max<std::int64_t>(element_count(outer), 1));
    const Tensor rows = reshape(moved, flat);
    const Tensor others = exclusive_product(rows, true) * exclusive_product(rows, false);
    return g * permute(reshape(others, moved.shape()), inverse);
  });
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::max, x, axes, keepdim, extremum_gradient);
}
Tensor min(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::min, x, axes, keepdim, extremum_gradient);
}
Tensor any(const Tensor& x, const Axes& axes, bool keepdim) { return reduce(Op::any, x, axes, keepdim); }
Tensor all(const Tensor& x, const Axes& axes, bool keepdim) { return reduce(Op::all, x, axes, keepdim); }
Tensor argmax(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::argmax, x, axes, keepdim);
}
Tensor argmin(const Tensor& x, const Axes& axes, bool keepdim) {
  return reduce(Op::argmin, x, axes, keepdim);
}

Tensor var(const Tensor& x, const Axes& axes, double correction, bool keepdim) {
  const auto count = static_cast<double>(reduced_count(x, reduction("var", x, axes)));
  const Tensor values = astype(x, to_floating(x.dtype()));
  return sum(square(values - mean(values, axes, true)), axes, keepdim) / std::max(count - correction, 0.0);
}

Tensor stddev(const Tensor& x, const Axes& axes, double correction, bool keepdim) {
  return sqrt(var(x, axes, correction, keepdim));
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdim) {
  const Tensor values = astype(x, to_floating(x.dtype()));
  const Reduction r = reduction("logsumexp", x, axes);
  Tensor out;
  {
    const NoGrad no_grad;
    const Tensor largest = reduced_count(x, r) == 0 ? ops::full_beside(values, r.kept, 0, values.dtype())
                                                    : max(values, axes, true);
    // An infinite maximum must not be subtracted from itself.
    const Tensor shift = where(eq(abs(largest), INFINITY), scalar_beside(largest, 0), largest);
    out = log(sum(exp(values - shift), axes, true)) + shift;
  }
  if (autograd::recording({&values})) {
    autograd::record(
        out, "logsumexp",
        {{&values, [x = Saved(values)](const Tensor& g, const Tensor& y) { return g * exp(*x - y); }}}, true);
  }
  return keepdim ? out : view(out, r.dropped);
}

namespace {

// The fused op, or an undefined tensor where no chosen backend has it.
Tensor fused_softmax(Op op, const Tensor& values, std::size_t axis) {
  Tensor out = ops::output(values.shape(), values.dtype());
  const tenon_softmax_attributes attributes = {sizeof(tenon_softmax_attributes), info(op).member,
                                               static_cast<std::int32_t>(axis)};
  return dispatch::try_dispatch(op, {{values}}, out, &attributes) ? out : Tensor();
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t axis) {
  const std::size_t at = normalize_axis("softmax", axis, x.rank());
  const Tensor values = astype(x, to_floating(x.dtype()));
  if (x.size() == 0) return clone(values);
  Tensor out = fused_softmax(Op::softmax, values, at);
  if (!out.defined()) {
    const NoGrad no_grad;
    const Tensor exponentials = exp(values - max(values, {axis}, true));
    out = exponentials / sum(exponentials, {axis}, true);
  }
  if (autograd::recording({&values})) {
    autograd::record(
        out, "softmax",
        {{&values, [axis](const Tensor& g, const Tensor& y) { return y * (g - sum(g * y, {axis}, true)); }}},
        true);
  }
  return out;
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  const std::size_t at = normalize_axis("log_softmax", axis, x.rank());
  const Tensor values = astype(x, to_floating(x.dtype()));
  if (x.size() == 0) return clone(values);
  Tensor out = fused_softmax(Op::log_softmax, values, at);
  if (!out.defined()) {
    const NoGrad no_grad;
    const Tensor shifted = values - max(values, {axis}, true);
    out = shifted - log(sum(exp(shifted), {axis}, true));
  }
  if (autograd::recording({&values})) {
    autograd::record(
        out, "log_softmax",
        {{&values, [axis](const Tensor& g, const Tensor& y) { return g - exp(y) * sum(g, {axis}, true); }}},
        true);
  }
  return out;
}

}  // namespace tenon
