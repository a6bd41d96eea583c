// How kernels find their elements: N operands of one shape with strides, as few axes as the layouts allow, and
// division by multiplication. An index has 32 bits; larger tensors are cut into pieces on the host.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace tenon::cuda {

/// n / divisor for n < 2^31 by a multiplication and a shift (Granlund and Montgomery, "Division by invariant
/// integers using multiplication", PLDI 1994, figure 4.1).
struct Divider {
  std::uint32_t divisor;
  std::uint32_t magic;
  std::uint32_t shift;

  static Divider of(std::uint32_t divisor) {
    std::uint32_t shift = 0;
    while ((std::uint64_t{1} << shift) < divisor) ++shift;
    const std::uint64_t magic = (std::uint64_t{1} << 32) * ((std::uint64_t{1} << shift) - divisor) / divisor + 1;
    return {divisor, static_cast<std::uint32_t>(magic), shift};
  }
  [[nodiscard]] __device__ std::uint32_t quotient(std::uint32_t n) const {
    return (__umulhi(n, magic) + n) >> shift;
  }
};

/// Where N operands have one element, from their first, in elements.
template <int N>
struct Offsets {
  std::int64_t of[N];
};

/// What a kernel takes by value. Axes are outermost first.
template <int N>
struct Walk {
  std::uint32_t size = 1;
  int rank = 0;
  Divider extents[TENON_MAX_RANK];
  std::int64_t strides[N][TENON_MAX_RANK];

  /// Element i, counted along the axes in their order; i < size.
  [[nodiscard]] __device__ Offsets<N> at(std::uint32_t i) const {
    Offsets<N> offsets{};
    for (int axis = rank - 1; axis >= 0; --axis) {
      // The outermost axis needs no division: what is left is its index.
      const std::uint32_t rest = axis == 0 ? 0 : extents[axis].quotient(i);
      const std::uint32_t index = i - rest * extents[axis].divisor;
      for (int k = 0; k < N; ++k) offsets.of[k] += strides[k][axis] * index;
      i = rest;
    }
    return offsets;
  }
};

/// The axes of N operands on the host.
template <int N>
class Axes {
 public:
  using Strides = std::array<std::int64_t, N>;
  struct Axis {
    std::int64_t extent;
    Strides strides;
  };

  /// Appends inside of those that are there; an axis of extent 1 is none.
  void append(std::int64_t extent, const Strides& strides) {
    size_ *= extent;
    if (extent != 1) axes_[rank_++] = {extent, strides};
  }
  /// Operand 0's strides falling: for work that may be done in any order.
  void sort() {
    std::stable_sort(axes_.begin(), axes_.begin() + rank_,
                     [](const Axis& a, const Axis& b) { return a.strides[0] > b.strides[0]; });
  }
  /// Makes one axis of neighbours that all operands cross in even steps. Keeps the order of elements.
  void merge() {
    int merged = 0;
    for (int i = 0; i < rank_; ++i) {
      if (merged > 0 && continues(axes_[merged - 1], axes_[i])) {
        axes_[merged - 1] = {axes_[merged - 1].extent * axes_[i].extent, axes_[i].strides};
      } else {
        axes_[merged++] = axes_[i];
      }
    }
    rank_ = merged;
  }

  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] const Axis& operator[](int axis) const { return axes_[static_cast<std::size_t>(axis)]; }
  /// Takes an axis out.
  Axis take(int axis) {
    const Axis taken = axes_[static_cast<std::size_t>(axis)];
    std::copy(axes_.begin() + axis + 1, axes_.begin() + rank_, axes_.begin() + axis);
    --rank_;
    size_ /= taken.extent;
    return taken;
  }

  /// size() must fit; it may be 0.
  [[nodiscard]] Walk<N> walk() const {
    Walk<N> walk{};
    walk.size = static_cast<std::uint32_t>(size_);
    walk.rank = size_ == 0 ? 0 : rank_;
    for (int axis = 0; axis < walk.rank; ++axis) {
      walk.extents[axis] = Divider::of(static_cast<std::uint32_t>((*this)[axis].extent));
      for (int k = 0; k < N; ++k) walk.strides[k][axis] = (*this)[axis].strides[static_cast<std::size_t>(k)];
    }
    return walk;
  }

  static constexpr std::int64_t kMostElements = (std::int64_t{1} << 31) - 1;

  /// Calls f(Axes, first) for pieces that walk() can take, in order; `first` are the offsets of the piece's
  /// first elements. Not at all if there are no elements.
  template <typename F>
  void for_each_piece(F&& f) const {
    if (size_ != 0) cut(*this, Strides{}, f);
  }

 private:
  static bool continues(const Axis& outer, const Axis& inner) {
    for (std::size_t k = 0; k < N; ++k) {
      if (outer.strides[k] != inner.strides[k] * inner.extent) return false;
    }
    return true;
  }

  template <typename F>
  static void cut(const Axes& axes, const Strides& first, F& f) {
    if (axes.size_ <= kMostElements) {
      f(axes, first);
      return;
    }
    const Axis& outer = axes.axes_[0];
    const std::int64_t inner_size = axes.size_ / outer.extent;
    const std::int64_t step = std::max<std::int64_t>(kMostElements / inner_size, 1);
    for (std::int64_t begin = 0; begin < outer.extent; begin += step) {
      Axes piece = axes;
      Strides at = first;
      for (std::size_t k = 0; k < N; ++k) at[k] += begin * outer.strides[k];
      piece.axes_[0].extent = std::min(step, outer.extent - begin);
      piece.size_ = inner_size * piece.axes_[0].extent;
      if (piece.axes_[0].extent == 1) {
        piece.take(0);
        piece.size_ = inner_size;
      }
      cut(piece, at, f);
    }
  }

  std::int64_t size_ = 1;
  int rank_ = 0;
  std::array<Axis, TENON_MAX_RANK + 1> axes_;
};

/// The axes of views of one shape, the first of which is written; merged, in row-major order.
template <typename... Views>
Axes<sizeof...(Views)> axes_in_order(std::span<const std::int64_t> shape, const Views&... views) {
  Axes<sizeof...(Views)> axes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) axes.append(shape[axis], {views.strides()[axis]...});
  axes.merge();
  return axes;
}

/// The same in the order that lies best in the first view's memory.
template <typename... Views>
Axes<sizeof...(Views)> axes_by_layout(std::span<const std::int64_t> shape, const Views&... views) {
  Axes<sizeof...(Views)> axes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) axes.append(shape[axis], {views.strides()[axis]...});
  axes.sort();
  axes.merge();
  return axes;
}

}  // namespace tenon::cuda
