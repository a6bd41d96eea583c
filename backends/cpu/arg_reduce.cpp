// ARGMAX and ARGMIN: the first extremum in row-major order of the reduced axes, or the first NaN.
#include "cpu/families.h"
#include "cpu/loop.h"
#include "cpu/threads.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

constexpr std::int64_t kGrain = 16384;

template <typename T>
using Comparable = std::conditional_t<std::is_same_v<T, bfloat16>, float,
                                      std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>>;

/// Whether x replaces the best so far, which came earlier and is no NaN.
template <typename Better, typename C>
bool replaces(C x, C best) {
  if constexpr (std::is_floating_point_v<C>) {
    if (x == best) return Better{}(std::signbit(best) ? 1 : 0, std::signbit(x) ? 1 : 0);
    return Better{}(x, best) || std::isnan(x);
  } else {
    return Better{}(x, best);
  }
}

template <typename Better, typename T>
std::int64_t first_extremum(const Loop& reduced, std::int64_t offset) {
  using C = Comparable<T>;
  const std::int64_t n = reduced.rank == 0 ? 1 : reduced.extent[0];
  const std::int64_t stride = reduced.rank == 0 ? 0 : reduced.stride[0][0];
  C best = {};
  std::int64_t at = -1;
  for (std::int64_t i = 0; i < reduced.size; i += n) {
    const std::byte* from = reduced.address(0, i) + offset;
    for (std::int64_t j = 0; j < n; ++j, from += stride) {
      const C x = static_cast<C>(*reinterpret_cast<const T*>(from));
      if (at >= 0 && !replaces<Better>(x, best)) continue;
      best = x;
      at = i + j;
      if constexpr (std::is_floating_point_v<C>) {
        if (std::isnan(x)) return at;
      }
    }
  }
  return at;
}

template <typename T>
void run_all(const Loop& kept, const Loop& reduced, bool maximum) {
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, reduced.size));
  parallel_for(kept.size, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t offset = kept.address(0, i) - kept.base[0];
      const std::int64_t at = maximum ? first_extremum<std::greater<>, T>(reduced, offset)
                                      : first_extremum<std::less<>, T>(reduced, offset);
      *reinterpret_cast<std::int64_t*>(kept.address(1, i)) = at;
    }
  });
}

}  // namespace

bool arg_reduce(const Call& call, bool run) {
  const View x = call.input(0);
  const View out = call.output();
  const auto& attributes = call.attributes<tenon_reduce_attributes>();
  if (attributes.member != TENON_REDUCE_ARGMAX && attributes.member != TENON_REDUCE_ARGMIN) return false;
  const DType dtype = x.dtype();
  if (!run) return true;
  Loop kept;
  Loop reduced;
  kept.add_operand(x);
  kept.add_operand(out);
  reduced.add_operand(x);
  for (int axis = x.rank(); axis-- > 0;) {
    const auto at = static_cast<std::size_t>(axis);
    const std::int64_t strides[] = {x.strides()[at] * kept.item[0], out.strides()[at] * kept.item[1]};
    ((attributes.axes >> axis & 1U) != 0 ? reduced : kept).add_axis(x.shape()[at], strides);
  }
  kept.merge_axes();
  reduced.merge_axes();
  plugin::visit_dtype(dtype, [&]<typename T>(plugin::TypeTag<T>) {
    run_all<T>(kept, reduced, attributes.member == TENON_REDUCE_ARGMAX);
  });
  return true;
}

}  // namespace tenon::cpu
