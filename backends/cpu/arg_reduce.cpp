// ARGMAX and ARGMIN: the first extremum in row-major order of the reduced axes, or the first NaN.
#include "cpu/families.h"
#include "cpu/loop.h"
#include "cpu/threads.h"

#include <algorithm>
#include <functional>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

constexpr std::int64_t kGrain = 16384;
constexpr std::int64_t kColumns = 256;

template <typename T>
using Comparable = std::conditional_t<std::is_same_v<T, bfloat16>, float,
                                      std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>>;

template <typename C>
bool is_nan(C x) {
  return x != x;
}

/// Whether x replaces the best so far, which came earlier and is no NaN. Zeros of either sign tie.
template <typename Better, typename C>
bool replaces(C x, C best) {
  return Better{}(x, best) || is_nan(x);
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
        if (is_nan(x)) return at;
      }
    }
  }
  return at;
}

/// The same for `columns` neighbours at a time, along which the input is dense: one pass in the order of
/// memory.
template <typename Better, typename T>
void first_extrema(const Loop& reduced, std::int64_t offset, std::int64_t columns, std::int64_t* at) {
  using C = Comparable<T>;
  C best[kColumns];
  for (std::int64_t i = 0; i < reduced.size; ++i) {
    const T* row = reinterpret_cast<const T*>(reduced.address(0, i) + offset);
    for (std::int64_t j = 0; j < columns; ++j) {
      const C x = static_cast<C>(row[j]);
      const bool settled = i > 0 && (is_nan(best[j]) || !replaces<Better>(x, best[j]));
      best[j] = settled ? best[j] : x;
      at[j] = settled ? at[j] : i;
    }
  }
}

template <typename Better, typename T>
void run_all(const Loop& kept, const Loop& reduced) {
  const bool by_column = kept.rank > 0 && kept.stride[0][0] == kept.item[0] && kept.extent[0] >= 8 &&
                         !(reduced.rank > 0 && reduced.stride[0][0] == reduced.item[0]);
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, reduced.size));
  parallel_for(kept.size, grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t at[kColumns];
    for (std::int64_t i = begin, n = 1; i < end; i += n) {
      const std::int64_t offset = kept.address(0, i) - kept.base[0];
      if (by_column) {
        n = std::min({kColumns, end - i, kept.extent[0] - i % kept.extent[0]});
        first_extrema<Better, T>(reduced, offset, n, at);
      } else {
        at[0] = first_extremum<Better, T>(reduced, offset);
      }
      kept.scatter(1, i, n, reinterpret_cast<const std::byte*>(at));
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
    if (attributes.member == TENON_REDUCE_ARGMAX) {
      run_all<std::greater<>, T>(kept, reduced);
    } else {
      run_all<std::less<>, T>(kept, reduced);
    }
  });
  return true;
}

}  // namespace tenon::cpu
