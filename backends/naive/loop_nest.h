// Loops over tensors of any rank and any strides.
#pragma once

#include "kernel.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

namespace tenon::naive {

using Extents = std::span<const std::int64_t>;

/// `for i0 in shape[0]: for i1 in shape[1]: ...`, with a depth that is known only at run time. It carries one
/// offset, in elements, for each of N operands: the sum of index * stride over the axes. A shape has at most
/// `MaxAxes` axes.
template <std::size_t N, std::size_t MaxAxes = TENON_MAX_RANK>
class LoopNest {
 public:
  using Offsets = std::array<std::int64_t, N>;

  /// `strides[k]` are operand k's, one for each axis of `shape`. Copies what it needs.
  LoopNest(Extents shape, const std::array<Extents, N>& strides) {
    for (const std::int64_t extent : shape) empty_ = empty_ || extent == 0;
    if (empty_) return;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      Loop loop{shape[axis], {}};
      for (std::size_t k = 0; k < N; ++k) loop.steps[k] = strides[k][axis];
      append(loop);
    }
    if (depth_ == 0) loops_[depth_++] = Loop{1, {}};
  }

  /// Calls body(offsets) once for each index, in row-major order.
  template <typename Body>
  void for_each(Body&& body) const {
    if (!empty_) walk(0, Offsets{}, body);
  }

 private:
  struct Loop {
    std::int64_t extent;
    Offsets steps;
  };

  // Two neighbouring axes that every operand crosses in even steps are one longer loop in the same order.
  void append(const Loop& loop) {
    if (loop.extent == 1) return;
    if (depth_ > 0) {
      Loop& outer = loops_[depth_ - 1];
      bool even = true;
      for (std::size_t k = 0; k < N; ++k) even = even && outer.steps[k] == loop.extent * loop.steps[k];
      if (even) {
        outer = Loop{outer.extent * loop.extent, loop.steps};
        return;
      }
    }
    loops_[depth_++] = loop;
  }

  template <typename Body>
  void walk(std::size_t depth, Offsets at, Body& body) const {
    const auto [extent, steps] = loops_[depth];
    const bool innermost = depth + 1 == depth_;
    for (std::int64_t i = 0; i < extent; ++i) {
      if (innermost) {
        body(std::as_const(at));
      } else {
        walk(depth + 1, at, body);
      }
      for (std::size_t k = 0; k < N; ++k) at[k] += steps[k];
    }
  }

  std::array<Loop, MaxAxes> loops_;
  std::size_t depth_ = 0;
  bool empty_ = false;
};

/// out[i] = f(in[i]...) for every index i. `In...` are the element types of the inputs; f returns out's.
template <typename... In, typename F, typename... Views>
void map(F f, const View& out, const Views&... in) {
  static_assert(sizeof...(In) == sizeof...(Views));
  using Out = decltype(f(In{}...));
  Out* const y = out.data<Out>();
  const LoopNest<1 + sizeof...(In)> nest(out.shape(), {out.strides(), in.strides()...});
  const std::tuple<const In*...> x(in.template data<const In>()...);
  const auto run = [&]<std::size_t... K>(std::index_sequence<K...>) {
    nest.for_each([&](const auto& at) { y[at[0]] = f(std::get<K>(x)[at[1 + K]]...); });
  };
  run(std::index_sequence_for<In...>{});
}

/// out[i] = f(i), i counting the elements in row-major order of the logical shape.
template <typename F>
void generate(F f, const View& out) {
  using Out = decltype(f(std::uint64_t{}));
  Out* const y = out.data<Out>();
  std::uint64_t i = 0;
  LoopNest<1>(out.shape(), {out.strides()}).for_each([&](const auto& at) { y[at[0]] = f(i++); });
}

}  // namespace tenon::naive
