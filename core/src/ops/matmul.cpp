// Matrix products and their derivatives.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>

#include "elementwise.h"

namespace tenon {
namespace {

using autograd::Saved;

void check_inner(std::string_view op, const Tensor& a, const Tensor& b, std::size_t axis_a,
                 std::size_t axis_b) {
  if (a.shape()[axis_a] != b.shape()[axis_b]) {
    throw ShapeError(fmt::format("[{}] {} x {}: a's axis {} is {}, b's axis {} is {}", op,
                                 to_string(a.shape()), to_string(b.shape()), axis_a, a.shape()[axis_a],
                                 axis_b, b.shape()[axis_b]));
  }
}

tenon_matmul_attributes plain_product() {
  return {sizeof(tenon_matmul_attributes), TENON_NO_ACTIVATION, {1.0, 1}, {0.0, 0}};
}

// [..., m, k] x [..., k, n].
Tensor batched_product(const Tensor& a, const Tensor& b) {
  const auto batch = [](const Tensor& x) { return Shape(std::span(x.shape().data(), x.rank() - 2)); };
  Shape out_shape = broadcast_shapes("matmul", batch(a), batch(b));
  Shape a_shape = out_shape;
  Shape b_shape = out_shape;
  for (const std::size_t back : {2, 1}) {
    a_shape.push_back(a.shape()[a.rank() - back]);
    b_shape.push_back(b.shape()[b.rank() - back]);
  }
  out_shape.push_back(a.size(-2));
  out_shape.push_back(b.size(-1));
  const tenon_matmul_attributes attributes = plain_product();
  Tensor out = ops::output(out_shape, a.dtype());
  dispatch::dispatch(Op::matmul, {ops::BroadcastOperand(a, a_shape), ops::BroadcastOperand(b, b_shape)}, out,
                     &attributes);
  return out;
}

Tensor matrix_product(const Tensor& a, const Tensor& b) {
  Tensor out = ops::output({a.shape()[0], b.shape()[1]}, a.dtype());
  const tenon_matmul_attributes attributes = plain_product();
  dispatch::dispatch(Op::matmul, {{a}, {b}}, out, &attributes);
  return out;
}

// Both of rank >= 2 and one dtype.
Tensor product(const Tensor& a, const Tensor& b) {
  Tensor out = a.rank() == 2 && b.rank() == 2 ? matrix_product(a, b) : batched_product(a, b);
  if (autograd::recording({&a, &b})) {
    const Saved saved_a(a);
    const Saved saved_b(b);
    autograd::record(
        out, "matmul",
        {{&a, [saved_b](const Tensor& g, const Tensor&) { return matmul(g, transpose(*saved_b)); }},
         {&b, [saved_a](const Tensor& g, const Tensor&) { return matmul(transpose(*saved_a), g); }}});
  }
  return out;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.rank() == 0 || b.rank() == 0) {
    throw ShapeError(fmt::format("[matmul] {} x {}: a scalar has no axis to contract; use mul()",
                                 to_string(a.shape()), to_string(b.shape())));
  }
  check_inner("matmul", a, b, a.rank() - 1, b.rank() == 1 ? 0 : b.rank() - 2);
  const DType dtype = promote(a.dtype(), b.dtype());
  ops::check_dtype(Op::matmul, dtype);
  if (a.dtype() != dtype || b.dtype() != dtype) return matmul(astype(a, dtype), astype(b, dtype));
  if (a.rank() == 1) return squeeze(matmul(unsqueeze(a, 0), b), {b.rank() == 1 ? 0 : -2});
  if (b.rank() == 1) return squeeze(matmul(a, unsqueeze(b, 1)), {-1});
  // One matrix for a whole batch of rows: a single product, and a single one for its gradient.
  if (a.rank() > 2 && b.rank() == 2 && a.is_contiguous() && a.size() > 0) {
    Shape shape = a.shape();
    shape[a.rank() - 1] = b.shape()[1];
    return view(product(view(a, {-1, a.size(-1)}), b), shape);
  }
  return product(a, b);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (weight.rank() != 2) {
    throw ShapeError(fmt::format("[linear] weight is {}, not [out, in]", to_string(weight.shape())));
  }
  if (x.rank() == 0) throw ShapeError("[linear] x is a scalar, not [..., in]");
  check_inner("linear", x, weight, x.rank() - 1, 1);
  if (!bias.defined()) return matmul(x, transpose(weight));
  if (bias.shape() != Shape{weight.shape()[0]}) {
    throw ShapeError(fmt::format("[linear] bias is {}, weight {} needs ({},)", to_string(bias.shape()),
                                 to_string(weight.shape()), weight.shape()[0]));
  }
  const DType dtype = promote(promote(x.dtype(), weight.dtype()), bias.dtype());
  ops::check_dtype(Op::matmul, dtype);
  const Shape leading(std::span(x.shape().data(), x.rank() - 1));
  const Tensor rows = astype(x.rank() == 2 ? x : reshape(x, {element_count(leading), x.size(-1)}), dtype);
  const Tensor matrix = astype(weight, dtype);
  const Tensor offset = astype(bias, dtype);
  Shape shape = x.shape();
  shape[x.rank() - 1] = weight.shape()[0];
  Tensor out = ops::output({rows.shape()[0], weight.shape()[0]}, dtype);
  {
    const NoGrad no_grad;
    const Tensor transposed = transpose(matrix);
    const tenon_matmul_attributes attributes = plain_product();
    dispatch::dispatch(Op::matmul, {{rows}, {transposed}, ops::BroadcastOperand(offset, out.shape())}, out,
                       &attributes);
  }
  if (autograd::recording({&rows, &matrix, &offset})) {
    const Saved saved_rows(rows);
    const Saved saved_matrix(matrix);
    autograd::record(
        out, "linear",
        {{&rows, [saved_matrix](const Tensor& g, const Tensor&) { return matmul(g, *saved_matrix); }},
         {&matrix,
          [saved_rows](const Tensor& g, const Tensor&) { return matmul(transpose(g), *saved_rows); }},
         {&offset, [](const Tensor& g, const Tensor&) { return g; }}});
  }
  return x.rank() == 2 ? out : view(out, shape);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  if (a.rank() != 1 || b.rank() != 1) {
    throw ShapeError(
        fmt::format("[outer] {} and {} are not two vectors", to_string(a.shape()), to_string(b.shape())));
  }
  return unsqueeze(a, 1) * b;
}

}  // namespace tenon
