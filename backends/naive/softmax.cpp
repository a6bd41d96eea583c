// SOFTMAX: every line of x along one axis by itself.
#include "loop_nest.h"
#include "scalar.h"

#include <cmath>
#include <limits>
#include <vector>

namespace tenon::naive {

namespace {

std::vector<std::int64_t> without(std::span<const std::int64_t> numbers, std::size_t axis) {
  std::vector<std::int64_t> rest(numbers.begin(), numbers.end());
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(axis));
  return rest;
}

template <typename T, std::uint32_t member>
void softmax(const Call& call) {
  using Real = Accumulator<T>;
  const View in = call.input(0);
  const View out = call.output();
  const auto axis = static_cast<std::size_t>(call.attributes<tenon_softmax_attributes>().axis);
  const std::int64_t n = in.shape()[axis];
  const std::int64_t step_in = in.strides()[axis];
  const std::int64_t step_out = out.strides()[axis];
  const auto shape = without(in.shape(), axis);
  const auto in_strides = without(in.strides(), axis);
  const auto out_strides = without(out.strides(), axis);
  LoopNest<2>(shape, {in_strides, out_strides}).for_each([&](const auto& at) {
    const auto x = [&](std::int64_t i) {
      return cast_element<Real>(in.data<const T>()[at[0] + i * step_in]);
    };
    Real most = -std::numeric_limits<Real>::infinity();
    for (std::int64_t i = 0; i < n; ++i) most = maximum(most, x(i));
    Real total = 0;
    for (std::int64_t i = 0; i < n; ++i) total += std::exp(x(i) - most);
    for (std::int64_t i = 0; i < n; ++i) {
      const Real shifted = x(i) - most;
      const Real y =
          member == TENON_SOFTMAX_LOG_SOFTMAX ? shifted - std::log(total) : std::exp(shifted) / total;
      out.data<T>()[at[1] + i * step_out] = cast_element<T>(y);
    }
  });
}

}  // namespace

Kernel find_softmax(const Call& call) {
  const DType dtype = call.output().dtype();
  if (!has_dtypes(call, {dtype}, dtype) || call.output().rank() == 0) return nullptr;
  return visit_dtype(dtype, [&]<typename T>(TypeTag<T>) -> Kernel {
    if constexpr (plugin::is_floating(dtype_of<T>())) {
      if (call.member() == TENON_SOFTMAX_SOFTMAX) return softmax<T, TENON_SOFTMAX_SOFTMAX>;
      if (call.member() == TENON_SOFTMAX_LOG_SOFTMAX) return softmax<T, TENON_SOFTMAX_LOG_SOFTMAX>;
    }
    return nullptr;
  });
}

}  // namespace tenon::naive
