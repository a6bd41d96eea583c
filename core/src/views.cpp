#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <functional>

#include "tensor_body.h"

namespace tenon {
namespace {

using ViewOf = std::function<Tensor(const Tensor&)>;

// The adjoint of a view that selects elements: zeros of the base's shape with `gradient` at the selected
// places. The adjoint of that is the view itself.
Tensor embed(const Tensor& gradient, const Shape& shape, const ViewOf& select_elements) {
  Tensor out = zeros(shape, gradient.dtype());
  {
    const NoGrad no_grad;
    copy_(select_elements(out), gradient);
  }
  if (autograd::recording({&gradient})) {
    autograd::record(
        out, "embed",
        {{&gradient, [select_elements](const Tensor& g, const Tensor&) { return select_elements(g); }}});
  }
  return out;
}

// Records a view whose adjoint is a view or a sum as well.
Tensor with_adjoint(Tensor out, const Tensor& x, std::string_view op, const ViewOf& adjoint) {
  if (autograd::recording({&x})) {
    autograd::record(out, op, {{&x, [adjoint](const Tensor& g, const Tensor&) { return adjoint(g); }}});
  }
  return out;
}

// Records a view that leaves elements out.
Tensor selecting(Tensor out, const Tensor& x, std::string_view op, ViewOf select_elements) {
  if (autograd::recording({&x})) {
    autograd::record(
        out, op,
        {{&x, [shape = x.shape(), select_elements = std::move(select_elements)](
                  const Tensor& g, const Tensor&) { return embed(g, shape, select_elements); }}});
  }
  return out;
}

// One axis cut to start, start + step, ...: both bounds clipped as Python does.
struct Cut {
  std::int64_t start;
  std::int64_t extent;
};

Cut clip(std::string_view op, const Slice& slice, std::int64_t extent) {
  if (slice.step <= 0) {
    throw IndexError(
        fmt::format("[{}] step {} is not positive; tensors have no negative strides", op, slice.step));
  }
  const auto bound = [extent](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + extent : i, 0, extent);
  };
  const std::int64_t start = bound(slice.start.value_or(0));
  const std::int64_t stop = slice.stop ? bound(*slice.stop) : extent;
  return {start, stop <= start ? 0 : (stop - start - 1) / slice.step + 1};
}

std::int64_t checked_position(std::string_view op, std::int64_t i, std::int64_t extent, std::size_t axis) {
  if (i < -extent || i >= extent) {
    throw IndexError(fmt::format("[{}] index {} is outside axis {} of extent {}", op, i, axis, extent));
  }
  return i < 0 ? i + extent : i;
}

Tensor plain_index(const Tensor& x, std::span<const Index> indices) {
  std::size_t named = 0;
  std::size_t ellipses = 0;
  for (const Index& index : indices) {
    named += std::holds_alternative<std::int64_t>(index) || std::holds_alternative<Slice>(index);
    ellipses += std::holds_alternative<EllipsisType>(index);
  }
  if (ellipses > 1) throw IndexError("[index] more than one Ellipsis");
  if (named > x.rank()) {
    throw IndexError(fmt::format("[index] {} indices for a tensor of rank {}", named, x.rank()));
  }
  Shape shape;
  Strides strides;
  std::int64_t offset = x.offset();
  std::size_t axis = 0;
  const auto keep = [&](std::size_t count) {
    for (; count > 0; --count, ++axis) {
      shape.push_back(x.shape()[axis]);
      strides.push_back(x.strides()[axis]);
    }
  };
  for (const Index& index : indices) {
    if (const auto* i = std::get_if<std::int64_t>(&index)) {
      offset += checked_position("index", *i, x.shape()[axis], axis) * x.strides()[axis];
      ++axis;
    } else if (const auto* slice = std::get_if<Slice>(&index)) {
      const Cut cut = clip("index", *slice, x.shape()[axis]);
      if (cut.extent > 0) offset += cut.start * x.strides()[axis];
      shape.push_back(cut.extent);
      strides.push_back(cut.extent > 1 ? x.strides()[axis] * slice->step : x.strides()[axis]);
      ++axis;
    } else if (std::holds_alternative<NoneType>(index)) {
      shape.push_back(1);
      strides.push_back(1);
    } else {
      keep(x.rank() - named);
    }
  }
  keep(x.rank() - axis);
  return make_view(x, shape, strides, offset);
}

// The strides with which x's elements, row-major, have `shape`; nothing if a copy would be needed. Walks both
// shapes from the end in groups of equal product; a group of x must be contiguous within itself.
std::optional<Strides> view_strides(const Tensor& x, const Shape& shape) {
  if (x.size() == 0) return contiguous_strides(shape);
  Strides strides(shape.size(), 1);
  std::size_t to = shape.size();
  std::size_t from = x.rank();
  while (from > 0) {
    std::int64_t chunk = x.shape()[--from];
    const std::int64_t base = x.strides()[from];
    std::int64_t next = base * chunk;
    while (from > 0 && (x.shape()[from - 1] == 1 || x.strides()[from - 1] == next)) {
      --from;
      if (x.shape()[from] != 1) next *= x.shape()[from];
      chunk *= x.shape()[from];
    }
    std::int64_t stride = base;
    while (to > 0 && (chunk > 1 || shape[to - 1] == 1)) {
      const std::int64_t extent = shape[to - 1];
      if (chunk % extent != 0) return std::nullopt;
      chunk /= extent;
      strides[--to] = stride;
      stride *= extent;
    }
    if (chunk != 1) return std::nullopt;
  }
  return strides;
}

Shape infer_extent(std::string_view op, const Shape& shape, std::int64_t size, const Shape& from) {
  Shape out = shape;
  std::int64_t known = 1;
  std::int64_t* unknown = nullptr;
  for (std::int64_t& extent : out) {
    if (extent == -1 && unknown == nullptr) {
      unknown = &extent;
    } else if (extent < 0) {
      throw ShapeError(
          fmt::format("[{}] {}: only one extent may be -1 and none more negative", op, to_string(shape)));
    } else if (__builtin_mul_overflow(known, extent, &known)) {
      throw ShapeError(fmt::format("[{}] {} has more than 2^63 - 1 elements", op, to_string(shape)));
    }
  }
  if (unknown != nullptr && known != 0 && size % known == 0) {
    *unknown = size / known;
    known = size;
  }
  if (known != size || (unknown != nullptr && *unknown == -1)) {
    throw ShapeError(fmt::format("[{}] {} with {} elements cannot become {}", op, to_string(from), size,
                                 to_string(shape)));
  }
  return out;
}

}  // namespace

Tensor index(const Tensor& x, std::span<const Index> indices) {
  return selecting(plain_index(x, indices), x, "index",
                   [kept = std::vector<Index>(indices.begin(), indices.end())](const Tensor& base) {
                     return index(base, kept);
                   });
}

Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  const std::size_t at = normalize_axis("slice", axis, x.rank());
  std::vector<Index> indices(at, Slice{});
  indices.emplace_back(Slice{start, stop, step});
  return index(x, indices);
}

Tensor select(const Tensor& x, std::int64_t axis, std::int64_t i) {
  const std::size_t at = normalize_axis("select", axis, x.rank());
  std::vector<Index> indices(at, Slice{});
  indices.emplace_back(checked_position("select", i, x.shape()[at], at));
  return index(x, indices);
}

Tensor view(const Tensor& x, const Shape& shape) {
  const Shape to = infer_extent("view", shape, x.size(), x.shape());
  const std::optional<Strides> strides = view_strides(x, to);
  if (!strides) {
    throw ShapeError(
        fmt::format("[view] {} with strides {} cannot be seen as {} without a copy; use reshape()",
                    to_string(x.shape()), to_string(x.strides()), to_string(to)));
  }
  return with_adjoint(make_view(x, to, *strides, x.offset()), x, "view",
                      [from = x.shape()](const Tensor& g) { return reshape(g, from); });
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  const Shape to = infer_extent("reshape", shape, x.size(), x.shape());
  return view(view_strides(x, to) ? x : clone(x), to);
}

Tensor flatten(const Tensor& x, std::int64_t first, std::int64_t last) {
  if (x.rank() == 0) return reshape(x, {1});
  const std::size_t begin = normalize_axis("flatten", first, x.rank());
  const std::size_t end = normalize_axis("flatten", last, x.rank());
  if (begin > end) throw IndexError(fmt::format("[flatten] axis {} comes after axis {}", first, last));
  Shape shape(x.shape());
  for (std::size_t i = end; i > begin; --i) {
    shape[begin] *= shape[i];
    shape.erase(i);
  }
  return reshape(x, shape);
}

Tensor expand(const Tensor& x, const Shape& shape) {
  if (shape.size() < x.rank()) {
    throw ShapeError(
        fmt::format("[expand] {} has a lower rank than {}", to_string(shape), to_string(x.shape())));
  }
  Shape to = shape;
  const std::size_t lead = shape.size() - x.rank();
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == -1 && i >= lead) to[i] = x.shape()[i - lead];
    if (to[i] < 0 || (i >= lead && x.shape()[i - lead] != 1 && x.shape()[i - lead] != to[i])) {
      throw ShapeError(fmt::format("[expand] {} cannot be stretched to {}: axis {}", to_string(x.shape()),
                                   to_string(shape), i));
    }
  }
  // The engine sums a gradient over the axes on which its input was broadcast.
  return with_adjoint(make_view(x, to, broadcast_strides(x.shape(), x.strides(), to), x.offset()), x,
                      "expand", [](const Tensor& g) { return g; });
}

Tensor permute(const Tensor& x, const Axes& axes) {
  if (axes.size() != x.rank()) {
    throw IndexError(fmt::format("[permute] {} axes for a tensor of rank {}", axes.size(), x.rank()));
  }
  axis_mask("permute", axes, x.rank());
  Shape shape;
  Strides strides;
  Axes inverse(axes.size(), 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t from = normalize_axis("permute", axes[i], x.rank());
    shape.push_back(x.shape()[from]);
    strides.push_back(x.strides()[from]);
    inverse[from] = static_cast<std::int64_t>(i);
  }
  return with_adjoint(make_view(x, shape, strides, x.offset()), x, "permute",
                      [inverse](const Tensor& g) { return permute(g, inverse); });
}

Tensor transpose(const Tensor& x, std::int64_t axis_a, std::int64_t axis_b) {
  const std::size_t a = normalize_axis("transpose", axis_a, x.rank());
  const std::size_t b = normalize_axis("transpose", axis_b, x.rank());
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return with_adjoint(make_view(x, shape, strides, x.offset()), x, "transpose",
                      [axis_a, axis_b](const Tensor& g) { return transpose(g, axis_a, axis_b); });
}

Tensor squeeze(const Tensor& x, const Axes& axes) {
  std::uint32_t mask = 0;
  if (axes.empty()) {
    for (std::size_t i = 0; i < x.rank(); ++i) mask |= (x.shape()[i] == 1 ? 1U : 0U) << i;
  } else {
    mask = axis_mask("squeeze", axes, x.rank());
  }
  Shape shape;
  Strides strides;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if ((mask >> i & 1U) == 0) {
      shape.push_back(x.shape()[i]);
      strides.push_back(x.strides()[i]);
    } else if (x.shape()[i] != 1) {
      throw ShapeError(fmt::format("[squeeze] axis {} of {} is not 1", i, to_string(x.shape())));
    }
  }
  return with_adjoint(make_view(x, shape, strides, x.offset()), x, "squeeze",
                      [from = x.shape()](const Tensor& g) { return reshape(g, from); });
}

Tensor unsqueeze(const Tensor& x, std::int64_t axis) {
  const std::size_t at = normalize_axis("unsqueeze", axis, x.rank() + 1);
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.insert(at, 1);
  strides.insert(at, 1);
  return with_adjoint(make_view(x, shape, strides, x.offset()), x, "unsqueeze",
                      [from = x.shape()](const Tensor& g) { return reshape(g, from); });
}

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t axis_a, std::int64_t axis_b) {
  const std::size_t a = normalize_axis("diagonal", axis_a, x.rank());
  const std::size_t b = normalize_axis("diagonal", axis_b, x.rank());
  if (a == b) throw IndexError(fmt::format("[diagonal] axes {} and {} are the same", axis_a, axis_b));
  const std::int64_t skipped_a = offset < 0 ? -std::max(offset, -x.shape()[a]) : 0;
  const std::int64_t skipped_b = offset > 0 ? std::min(offset, x.shape()[b]) : 0;
  const std::int64_t extent = std::min(x.shape()[a] - skipped_a, x.shape()[b] - skipped_b);
  Shape shape = x.shape();
  Strides strides = x.strides();
  for (const std::size_t axis : {std::max(a, b), std::min(a, b)}) {
    shape.erase(axis);
    strides.erase(axis);
  }
  shape.push_back(extent);
  strides.push_back(x.strides()[a] + x.strides()[b]);
  const std::int64_t start = extent == 0 ? 0 : skipped_a * x.strides()[a] + skipped_b * x.strides()[b];
  return selecting(
      make_view(x, shape, strides, x.offset() + start), x, "diagonal",
      [offset, axis_a, axis_b](const Tensor& base) { return diagonal(base, offset, axis_a, axis_b); });
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t axis) {
  if (size <= 0) throw ShapeError(fmt::format("[split] pieces of {} elements", size));
  const std::int64_t extent = x.size(axis);
  std::vector<Tensor> pieces;
  for (std::int64_t start = 0; start < extent; start += size) {
    pieces.push_back(slice(x, axis, start, std::min(start + size, extent)));
  }
  return pieces;
}

}  // namespace tenon
