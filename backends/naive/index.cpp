// INDEX: gather, scatter-add and one-hot along one axis.
#include "loop_nest.h"
#include "scalar.h"

#include <algorithm>
#include <string>

namespace tenon::naive {

namespace {

/// One number for each axis of a tensor.
class Axes {
 public:
  explicit Axes(Extents values) : size_(values.size()) { std::ranges::copy(values, values_.begin()); }
  std::int64_t& operator[](std::size_t axis) { return values_[axis]; }
  operator Extents() const { return {values_.data(), size_}; }

 private:
  std::array<std::int64_t, TENON_MAX_RANK> values_{};
  std::size_t size_;
};

std::size_t axis_of(const Call& call) {
  return static_cast<std::size_t>(call.attributes<tenon_index_attributes>().axis);
}

/// Throws InvalidData unless every index is in [0, extent).
template <typename I>
void check_indices(const View& index, std::int64_t extent, std::size_t axis) {
  Axes shape(index.shape());
  for (std::size_t i = 0; i < index.shape().size(); ++i) {
    const bool repeats = index.strides()[i] == 0 && index.shape()[i] > 0;
    if (repeats) shape[i] = 1;
  }
  LoopNest<1>(shape, {index.strides()}).for_each([&](const auto& at) {
    const std::int64_t value = index.data<const I>()[at[0]];
    if (value < 0 || value >= extent) {
      throw plugin::InvalidData("index " + std::to_string(value) + " is outside [0, " +
                                std::to_string(extent) + ") on axis " + std::to_string(axis));
    }
  });
}

/// The strides with a still axis: the index moves along it instead.
Axes hold_axis(Extents strides, std::size_t axis) {
  Axes held(strides);
  held[axis] = 0;
  return held;
}

/// out[..i..] = x[..index[..i..]..]
template <typename T, typename I>
void gather(const Call& call) {
  const View x = call.input(0);
  const View index = call.input(1);
  const View out = call.output();
  const std::size_t axis = axis_of(call);
  check_indices<I>(index, x.shape()[axis], axis);

  const LoopNest<3> nest(out.shape(), {hold_axis(x.strides(), axis), index.strides(), out.strides()});
  const std::int64_t stride = x.strides()[axis];
  nest.for_each([&](const auto& at) {
    const std::int64_t i = index.data<const I>()[at[1]];
    out.data<T>()[at[2]] = x.data<const T>()[at[0] + i * stride];
  });
}

/// out[..index[..i..]..] += src[..i..], in row-major order of src.
template <typename T, typename I>
void scatter_add(const Call& call) {
  using C = Compute<T>;
  const View index = call.input(0);
  const View src = call.input(1);
  const View out = call.output();
  const std::size_t axis = axis_of(call);
  check_indices<I>(index, out.shape()[axis], axis);

  const LoopNest<3> nest(src.shape(), {index.strides(), src.strides(), hold_axis(out.strides(), axis)});
  const std::int64_t stride = out.strides()[axis];
  nest.for_each([&](const auto& at) {
    const std::int64_t i = index.data<const I>()[at[0]];
    T& element = out.data<T>()[at[2] + i * stride];
    element = cast_element<T>(add(cast_element<C>(element), cast_element<C>(src.data<const T>()[at[1]])));
  });
}

/// out[.., c] = (index[..] == c)
template <typename T, typename I>
void one_hot(const Call& call) {
  const View index = call.input(0);
  const View out = call.output();
  const std::size_t axis = index.shape().size();
  const std::int64_t classes = out.shape()[axis];
  check_indices<I>(index, classes, axis);

  const LoopNest<2> nest(index.shape(), {index.strides(), out.strides().first(axis)});
  nest.for_each([&](const auto& at) {
    const std::int64_t hot = index.data<const I>()[at[0]];
    T* const row = out.data<T>() + at[1];
    for (std::int64_t c = 0; c < classes; ++c) row[c * out.strides()[axis]] = cast_element<T>(hot == c);
  });
}

template <typename I>
Kernel find_for(const Call& call) {
  constexpr DType index = dtype_of<I>();
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Kernel {
    constexpr DType dtype = dtype_of<T>();
    switch (call.attributes<tenon_index_attributes>().member) {
      case TENON_INDEX_GATHER:
        return has_dtypes(call, {dtype, index}, dtype) ? gather<T, I> : nullptr;
      case TENON_INDEX_SCATTER_ADD:
        if constexpr (std::is_same_v<T, bool>) return nullptr;
        return has_dtypes(call, {index, dtype}, dtype) ? scatter_add<T, I> : nullptr;
      case TENON_INDEX_ONE_HOT:
        return has_dtypes(call, {index}, dtype) ? one_hot<T, I> : nullptr;
      default:
        return nullptr;
    }
  });
}

}  // namespace

Kernel find_index(const Call& call) {
  const Kernel kernel = find_for<std::int32_t>(call);
  return kernel != nullptr ? kernel : find_for<std::int64_t>(call);
}

}  // namespace tenon::naive
