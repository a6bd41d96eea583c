// The ops: free functions with the names and the argument order of NumPy and PyTorch.
//
// Common to all. Inputs broadcast (NumPy's rule) and promote (promote() of dtype.h) unless a line says
// otherwise. Results are new contiguous tensors. Negative axes count from the end; empty `axes` means all.
// Wrong shapes throw ShapeError, wrong dtypes DTypeError, wrong axes IndexError; messages begin with [op]. A
// NaN input gives a NaN output where the formula does. Gradients flow through every op on floating tensors,
// except those that return bool or indices and those that say so. The exact semantics of each primitive
// (ties, signed zeros, overflow) are those of tenon/plugin/abi.h.
#pragma once

#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/scalar.h>
#include <tenon/tensor.h>

#include <span>
#include <vector>

namespace tenon {

// Elementwise, one operand.
//
// Those that need a real function (exp, ...) turn integers and bool into float32.

TENON_API Tensor neg(const Tensor& x);
TENON_API Tensor abs(const Tensor& x);
/// -1, 0 or 1; NaN stays. Gradient 0.
TENON_API Tensor sign(const Tensor& x);
TENON_API Tensor exp(const Tensor& x);
/// exp(x) - 1 without cancellation near 0.
TENON_API Tensor expm1(const Tensor& x);
TENON_API Tensor log(const Tensor& x);
/// log(1 + x) without cancellation near 0.
TENON_API Tensor log1p(const Tensor& x);
TENON_API Tensor sqrt(const Tensor& x);
/// 1 / sqrt(x).
TENON_API Tensor rsqrt(const Tensor& x);
TENON_API Tensor square(const Tensor& x);
/// 1 / x.
TENON_API Tensor reciprocal(const Tensor& x);
TENON_API Tensor sin(const Tensor& x);
TENON_API Tensor cos(const Tensor& x);
TENON_API Tensor tanh(const Tensor& x);
/// 1 / (1 + exp(-x)).
TENON_API Tensor sigmoid(const Tensor& x);
/// max(x, 0); gradient 0 at 0.
TENON_API Tensor relu(const Tensor& x);
TENON_API Tensor erf(const Tensor& x);
/// x Phi(x) = x/2 (1 + erf(x / sqrt 2)), Hendrycks & Gimpel 2016; the exact form.
TENON_API Tensor gelu(const Tensor& x);
/// Gradient 0, like ceil and round.
TENON_API Tensor floor(const Tensor& x);
TENON_API Tensor ceil(const Tensor& x);
/// Half to even.
TENON_API Tensor round(const Tensor& x);
/// bool: x == 0.
TENON_API Tensor logical_not(const Tensor& x);
TENON_API Tensor isnan(const Tensor& x);

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
TENON_API Tensor softplus(const Tensor& x);

// Elementwise, two operands.

TENON_API Tensor add(const Tensor& a, const Tensor& b);
/// Not on bool.
TENON_API Tensor sub(const Tensor& a, const Tensor& b);
TENON_API Tensor mul(const Tensor& a, const Tensor& b);
/// True division: integers become float32.
TENON_API Tensor div(const Tensor& a, const Tensor& b);
/// a^b. Not on bool.
TENON_API Tensor pow(const Tensor& a, const Tensor& b);
/// NaN wins. The gradient goes to the larger operand, half to each where they are equal.
TENON_API Tensor maximum(const Tensor& a, const Tensor& b);
TENON_API Tensor minimum(const Tensor& a, const Tensor& b);
/// Integers and bool only.
TENON_API Tensor bitwise_and(const Tensor& a, const Tensor& b);
TENON_API Tensor bitwise_or(const Tensor& a, const Tensor& b);
TENON_API Tensor bitwise_xor(const Tensor& a, const Tensor& b);
/// bool, like the other comparisons.
TENON_API Tensor eq(const Tensor& a, const Tensor& b);
TENON_API Tensor ne(const Tensor& a, const Tensor& b);
TENON_API Tensor lt(const Tensor& a, const Tensor& b);
TENON_API Tensor le(const Tensor& a, const Tensor& b);
TENON_API Tensor gt(const Tensor& a, const Tensor& b);
TENON_API Tensor ge(const Tensor& a, const Tensor& b);

/// `number` as the tensor of rank 0 that stands for it beside `x` (see Scalar).
TENON_API Tensor scalar_beside(const Tensor& x, Scalar number);
inline Tensor add(const Tensor& a, Scalar b) { return add(a, scalar_beside(a, b)); }
inline Tensor sub(const Tensor& a, Scalar b) { return sub(a, scalar_beside(a, b)); }
inline Tensor mul(const Tensor& a, Scalar b) { return mul(a, scalar_beside(a, b)); }
inline Tensor div(const Tensor& a, Scalar b) { return div(a, scalar_beside(a, b)); }
inline Tensor pow(const Tensor& a, Scalar b) { return pow(a, scalar_beside(a, b)); }
inline Tensor maximum(const Tensor& a, Scalar b) { return maximum(a, scalar_beside(a, b)); }
inline Tensor minimum(const Tensor& a, Scalar b) { return minimum(a, scalar_beside(a, b)); }
inline Tensor eq(const Tensor& a, Scalar b) { return eq(a, scalar_beside(a, b)); }
inline Tensor ne(const Tensor& a, Scalar b) { return ne(a, scalar_beside(a, b)); }
inline Tensor lt(const Tensor& a, Scalar b) { return lt(a, scalar_beside(a, b)); }
inline Tensor le(const Tensor& a, Scalar b) { return le(a, scalar_beside(a, b)); }
inline Tensor gt(const Tensor& a, Scalar b) { return gt(a, scalar_beside(a, b)); }
inline Tensor ge(const Tensor& a, Scalar b) { return ge(a, scalar_beside(a, b)); }

inline Tensor operator-(const Tensor& x) { return neg(x); }
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, Scalar b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, Scalar b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, Scalar b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, Scalar b) { return div(a, b); }
inline Tensor operator+(Scalar a, const Tensor& b) { return add(scalar_beside(b, a), b); }
inline Tensor operator-(Scalar a, const Tensor& b) { return sub(scalar_beside(b, a), b); }
inline Tensor operator*(Scalar a, const Tensor& b) { return mul(scalar_beside(b, a), b); }
inline Tensor operator/(Scalar a, const Tensor& b) { return div(scalar_beside(b, a), b); }

// Elementwise, three operands.

/// condition ? a : b; condition is bool.
TENON_API Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
/// minimum(maximum(x, low), high). The gradient passes where low <= x <= high.
TENON_API Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high);
inline Tensor clamp(const Tensor& x, Scalar low, Scalar high) {
  return clamp(x, scalar_beside(x, low), scalar_beside(x, high));
}
/// a + b * c. Not on bool.
TENON_API Tensor multiply_add(const Tensor& a, const Tensor& b, const Tensor& c);

// Reductions.
//
// `keepdim` keeps the reduced axes with extent 1.

/// Integers and bool sum to int64.
TENON_API Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// Integers and bool become float32. NaN over no elements.
TENON_API Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
TENON_API Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// NaN wins; ties share the gradient. Throws ShapeError over no elements, like min, argmax and argmin.
TENON_API Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
TENON_API Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// bool: whether any (all) elements are non-zero.
TENON_API Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
TENON_API Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// int64: the first extremum's (or first NaN's) row-major index within the reduced axes.
TENON_API Tensor argmax(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
TENON_API Tensor argmin(const Tensor& x, const Axes& axes = {}, bool keepdim = false);

/// sum((x - mean)^2) / (n - correction); `correction` 1 is the unbiased estimate.
TENON_API Tensor var(const Tensor& x, const Axes& axes = {}, double correction = 1, bool keepdim = false);
/// sqrt(var); "std" in the op table, which in C++ names another namespace.
TENON_API Tensor stddev(const Tensor& x, const Axes& axes = {}, double correction = 1, bool keepdim = false);
/// log(sum(exp(x))), shifted by the maximum.
TENON_API Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdim = false);
/// exp(x - max) / sum(exp(x - max)) along one axis.
TENON_API Tensor softmax(const Tensor& x, std::int64_t axis = -1);
/// x - logsumexp(x) along one axis.
TENON_API Tensor log_softmax(const Tensor& x, std::int64_t axis = -1);

// Products.

/// NumPy's matmul: [..., m, k] x [..., k, n] -> [..., m, n], batch axes broadcast; a vector is a row on the
/// left and a column on the right, and its axis is dropped. Not on bool.
TENON_API Tensor matmul(const Tensor& a, const Tensor& b);
/// x weight^T + bias: [..., in] x [out, in] (+ [out]) -> [..., out]. `bias` may be undefined.
TENON_API Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});
/// a[i] * b[j]: [m], [n] -> [m, n].
TENON_API Tensor outer(const Tensor& a, const Tensor& b);

// Copies.

/// x itself if its dtype is `dtype`, else a copy.
TENON_API Tensor astype(const Tensor& x, DType dtype);
/// x itself if it is contiguous, else a copy.
TENON_API Tensor contiguous(const Tensor& x);
/// A contiguous copy.
TENON_API Tensor clone(const Tensor& x);
/// view() where the strides allow it, else of a copy.
TENON_API Tensor reshape(const Tensor& x, const Shape& shape);
/// Axes first..last become one.
TENON_API Tensor flatten(const Tensor& x, std::int64_t first = 0, std::int64_t last = -1);
/// Joined along an existing axis; dtypes promote.
TENON_API Tensor concat(std::span<const Tensor> tensors, std::int64_t axis = 0);
inline Tensor concat(std::initializer_list<Tensor> tensors, std::int64_t axis = 0) {
  return concat(std::span(tensors.begin(), tensors.size()), axis);
}
/// Joined along a new axis; shapes are equal.
TENON_API Tensor stack(std::span<const Tensor> tensors, std::int64_t axis = 0);
inline Tensor stack(std::initializer_list<Tensor> tensors, std::int64_t axis = 0) {
  return stack(std::span(tensors.begin(), tensors.size()), axis);
}

// Indexing.
//
// `index` is int32 or int64 with values in [0, extent); others throw IndexError.

/// out[..i..] = x[..index[..i..]..] along `axis`; index has x's rank and the result's shape, and no larger
/// extents than x on the other axes.
TENON_API Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index);
/// Whole slices along `axis`: index is a vector.
TENON_API Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index);
/// A copy of x with out[..index[..i..]..] += source[..i..] along `axis`; index has source's shape.
TENON_API Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source);
/// out[.., c] = (index[..] == c) for c < classes.
TENON_API Tensor one_hot(const Tensor& index, std::int64_t classes, DType dtype = DType::int64);

// In place.
//
// They change x's memory, and so every view of it, and return x. The result is cast to x's dtype and the other
// operands broadcast to x's shape. They record nothing: where x or an operand needs a gradient they throw
// AutogradError unless under NoGrad. x must not be an expanded view (ShapeError).

TENON_API const Tensor& copy_(const Tensor& x, const Tensor& source);
TENON_API const Tensor& fill_(const Tensor& x, Scalar value);
TENON_API const Tensor& add_(const Tensor& x, const Tensor& y);
TENON_API const Tensor& sub_(const Tensor& x, const Tensor& y);
TENON_API const Tensor& mul_(const Tensor& x, const Tensor& y);
TENON_API const Tensor& div_(const Tensor& x, const Tensor& y);
/// x += a * b.
TENON_API const Tensor& multiply_add_(const Tensor& x, const Tensor& a, const Tensor& b);

// Comparing.

/// bool: |a - b| <= atol + rtol |b|; infinities match their like, NaN nothing unless `equal_nan`.
TENON_API Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                         bool equal_nan = false);
/// Whether isclose() holds everywhere. Shapes broadcast.
TENON_API bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                        bool equal_nan = false);
/// Same shape, dtype and values (NaN differs from NaN).
TENON_API bool equal(const Tensor& a, const Tensor& b);

}  // namespace tenon
