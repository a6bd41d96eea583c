// Views: other shapes and strides on the same memory. They copy nothing and reach no backend, and gradients
// flow through them. Negative axes count from the end.
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace tenon {

struct NoneType {};
struct EllipsisType {};
/// A new axis of extent 1 in index().
inline constexpr NoneType None{};
/// As many full axes as are left over in index().
inline constexpr EllipsisType Ellipsis{};

/// start:stop:step as in Python; bounds are clipped, negative ones count from the end. step must be positive.
struct Slice {
  std::optional<std::int64_t> start{};
  std::optional<std::int64_t> stop{};
  std::int64_t step = 1;
};

using Index = std::variant<std::int64_t, Slice, NoneType, EllipsisType>;

/// x[i0, i1, ...] of NumPy's basic indexing: an integer drops its axis, a Slice keeps it, None adds one,
/// Ellipsis stands for all axes not named. Throws IndexError on an integer out of range, more indices than
/// axes, or two Ellipses.
TENON_API Tensor index(const Tensor& x, std::span<const Index> indices);
inline Tensor index(const Tensor& x, std::initializer_list<Index> indices) {
  return index(x, std::span(indices.begin(), indices.size()));
}
/// One axis of index(): x[..., start:stop:step, ...].
TENON_API Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop,
                       std::int64_t step = 1);
/// x[..., i, ...], without that axis.
TENON_API Tensor select(const Tensor& x, std::int64_t axis, std::int64_t i);

/// The same elements in row-major order under another shape; one extent may be -1. Throws ShapeError if the
/// counts differ or if the strides do not allow it without a copy (reshape() of ops.h copies then).
TENON_API Tensor view(const Tensor& x, const Shape& shape);
/// Stretches axes of extent 1 (and adds leading ones) to `shape` with zero strides; -1 keeps an extent.
/// Throws ShapeError.
TENON_API Tensor expand(const Tensor& x, const Shape& shape);
/// Axis i of the result is axis axes[i] of x. Throws IndexError unless `axes` is a permutation.
TENON_API Tensor permute(const Tensor& x, const Axes& axes);
/// Swaps two axes.
TENON_API Tensor transpose(const Tensor& x, std::int64_t axis_a = -2, std::int64_t axis_b = -1);
/// Without the named axes, which must have extent 1; without all such axes if none is named.
TENON_API Tensor squeeze(const Tensor& x, const Axes& axes = {});
/// A new axis of extent 1 before position `axis` of the result.
TENON_API Tensor unsqueeze(const Tensor& x, std::int64_t axis);
/// The elements with equal index on two axes (shifted by `offset`: >= 0 above, < 0 below), as a new last
/// axis.
TENON_API Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t axis_a = -2,
                          std::int64_t axis_b = -1);
/// Pieces of `size` along `axis`; the last may be smaller. Throws ShapeError unless size > 0.
TENON_API std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t axis = 0);

}  // namespace tenon
