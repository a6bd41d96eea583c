// Gather, scatter and one-hot, each beside its derivatives.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include "elementwise.h"

namespace tenon {
namespace {

using autograd::Saved;

void check_index(std::string_view op, const Tensor& index) {
  if (index.dtype() != DType::int32 && index.dtype() != DType::int64) {
    throw DTypeError(fmt::format("[{}] the index is {}, not int32 or int64", op, name(index.dtype())));
  }
}

tenon_index_attributes along(Op op, std::size_t axis) {
  return {sizeof(tenon_index_attributes), info(op).member, static_cast<std::int32_t>(axis)};
}

// The corner of x that index reaches: cut to index's extents on every axis but `axis`.
Tensor cut_to(std::string_view op, const Tensor& x, std::size_t axis, const Shape& index) {
  if (index.size() != x.rank()) {
    throw ShapeError(fmt::format("[{}] the index {} must have the rank of {}", op, to_string(index),
                                 to_string(x.shape())));
  }
  Tensor cut = x;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (i == axis || index[i] == x.shape()[i]) continue;
    if (index[i] > x.shape()[i]) {
      throw ShapeError(fmt::format("[{}] axis {} of the index {} is longer than that of {}", op, i,
                                   to_string(index), to_string(x.shape())));
    }
    cut = slice(cut, static_cast<std::int64_t>(i), 0, index[i]);
  }
  return cut;
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index) {
  const std::size_t at = normalize_axis("gather", axis, x.rank());
  check_index("gather", index);
  const Tensor reached = cut_to("gather", x, at, index.shape());
  Tensor out = ops::output(index.shape(), x.dtype());
  const tenon_index_attributes attributes = along(Op::gather, at);
  dispatch::dispatch(Op::gather, {{reached}, {index}}, out, &attributes);
  if (autograd::recording({&reached})) {
    autograd::record(
        out, "gather",
        {{&reached, [axis, shape = reached.shape(), index = Saved(index)](const Tensor& g, const Tensor&) {
            return scatter_add(ops::full_beside(g, shape, 0, g.dtype()), axis, *index, g);
          }}});
  }
  return out;
}

Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index) {
  const std::size_t at = normalize_axis("index_select", axis, x.rank());
  check_index("index_select", index);
  if (index.rank() != 1)
    throw ShapeError(fmt::format("[index_select] the index is {}, not a vector", to_string(index.shape())));
  Shape column(x.rank(), 1);
  column[at] = index.size();
  Shape shape = x.shape();
  shape[at] = index.size();
  return gather(x, axis, expand(view(index, column), shape));
}

Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
  const std::size_t at = normalize_axis("scatter_add", axis, x.rank());
  check_index("scatter_add", index);
  if (index.shape() != source.shape()) {
    throw ShapeError(fmt::format("[scatter_add] index {} and source {} must have one shape",
                                 to_string(index.shape()), to_string(source.shape())));
  }
  const DType dtype = promote(x.dtype(), source.dtype());
  ops::check_dtype(Op::scatter_add, dtype);
  Tensor out;
  {
    const NoGrad no_grad;
    out = x.dtype() == dtype ? clone(x) : astype(x, dtype);
    const Tensor added = astype(source, dtype);
    const tenon_index_attributes attributes = along(Op::scatter_add, at);
    dispatch::dispatch(Op::scatter_add, {{index}, {added}}, cut_to("scatter_add", out, at, index.shape()),
                       &attributes);
  }
  if (autograd::recording({&x, &source})) {
    const Saved saved(index);
    autograd::record(
        out, "scatter_add",
        {{&x, [](const Tensor& g, const Tensor&) { return g; }},
         {&source, [axis, saved](const Tensor& g, const Tensor&) { return gather(g, axis, *saved); }}});
  }
  return out;
}

Tensor one_hot(const Tensor& index, std::int64_t classes, DType dtype) {
  check_index("one_hot", index);
  if (classes < 0) throw ShapeError(fmt::format("[one_hot] {} classes", classes));
  Shape shape = index.shape();
  shape.push_back(classes);
  Tensor out = ops::output(shape, dtype);
  const tenon_index_attributes attributes = along(Op::one_hot, 0);
  dispatch::dispatch(Op::one_hot, {{index}}, out, &attributes);
  return out;
}

}  // namespace tenon
