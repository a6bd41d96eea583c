// REDUCE: each element of out sums up (or multiplies, or compares) a box of x, the product of the reduced
// axes.
#include "loop_nest.h"
#include "scalar.h"

namespace tenon::naive {

namespace {

// A reduction is a start (its members' initial values), a step (`take`) and an end (`result`).

template <typename T>
constexpr bool kFloating = plugin::is_floating(dtype_of<T>());

/// What SUM and PROD of T give.
template <typename T>
using Total = std::conditional_t<kFloating<T>, T, std::int64_t>;

template <typename T>
struct Sum {
  Accumulator<Total<T>> total{0};
  void take(T x) { total = add(total, cast_element<Accumulator<Total<T>>>(x)); }
  Total<T> result() const { return cast_element<Total<T>>(total); }
};

template <typename T>
struct Product {
  Accumulator<Total<T>> total{1};
  void take(T x) { total = multiply(total, cast_element<Accumulator<Total<T>>>(x)); }
  Total<T> result() const { return cast_element<Total<T>>(total); }
};

template <typename T>
struct Mean {
  Sum<T> sum;
  std::int64_t count = 0;
  void take(T x) {
    sum.take(x);
    ++count;
  }
  T result() const { return cast_element<T>(sum.total / static_cast<Accumulator<T>>(count)); }
};

/// The value that `Better` (maximum or minimum) prefers.
template <typename T, typename Better>
struct Extremum {
  Compute<T> best{};
  bool started = false;
  void take(T x) {
    const auto value = cast_element<Compute<T>>(x);
    best = started ? Better{}(best, value) : value;
    started = true;
  }
  T result() const { return cast_element<T>(best); }
};

/// The index of the first value that is ahead of all others by `Ahead` (> or <), or of the first NaN.
template <typename T, typename Ahead>
struct ArgExtremum {
  Compute<T> best{};
  std::int64_t best_index = 0;
  std::int64_t index = 0;
  void take(T x) {
    const auto value = cast_element<Compute<T>>(x);
    if (index == 0 || (!is_nan(best) && (is_nan(value) || Ahead{}(value, best)))) {
      best = value;
      best_index = index;
    }
    ++index;
  }
  std::int64_t result() const { return best_index; }
};

template <typename T>
struct Any {
  bool found = false;
  void take(T x) { found = found || cast_element<bool>(x); }
  bool result() const { return found; }
};

template <typename T>
struct All {
  bool hold = true;
  void take(T x) { hold = hold && cast_element<bool>(x); }
  bool result() const { return hold; }
};

std::uint32_t axes_of(const Call& call) { return call.attributes<tenon_reduce_attributes>().axes; }

/// x's shape, with extent 1 on the axes that are kept: the box that makes one element of out.
class ReducedShape {
 public:
  explicit ReducedShape(const Call& call) : rank_(call.input(0).shape().size()) {
    for (std::size_t axis = 0; axis < rank_; ++axis) {
      const bool reduced = (axes_of(call) >> axis & 1u) != 0;
      extents_[axis] = reduced ? call.input(0).shape()[axis] : 1;
    }
  }
  [[nodiscard]] Extents extents() const { return {extents_.data(), rank_}; }
  [[nodiscard]] bool empty() const {
    for (const std::int64_t extent : extents()) {
      if (extent == 0) return true;
    }
    return false;
  }

 private:
  std::array<std::int64_t, TENON_MAX_RANK> extents_{};
  std::size_t rank_;
};

template <typename T, typename Reduction>
void run_reduce(const Call& call) {
  using Out = decltype(Reduction{}.result());
  const View x = call.input(0);
  const View out = call.output();
  const LoopNest<2> kept(out.shape(), {x.strides(), out.strides()});
  const LoopNest<1> reduced(ReducedShape(call).extents(), {x.strides()});
  kept.for_each([&](const auto& at) {
    Reduction reduction;
    reduced.for_each([&](const auto& inner) { reduction.take(x.data<const T>()[at[0] + inner[0]]); });
    out.data<Out>()[at[1]] = reduction.result();
  });
}

template <typename T, typename Reduction>
Kernel find(const Call& call) {
  using Out = decltype(Reduction{}.result());
  return has_dtypes(call, {dtype_of<T>()}, dtype_of<Out>()) ? run_reduce<T, Reduction> : nullptr;
}

// An extremum of nothing does not exist.
template <typename T, typename Reduction>
Kernel find_unless_empty(const Call& call) {
  const bool undefined = call.output().size() > 0 && ReducedShape(call).empty();
  return undefined ? nullptr : find<T, Reduction>(call);
}

using Larger = decltype([](auto a, auto b) { return maximum(a, b); });
using Smaller = decltype([](auto a, auto b) { return minimum(a, b); });
using Greater = decltype([](auto a, auto b) { return a > b; });
using Less = decltype([](auto a, auto b) { return a < b; });

}  // namespace

Kernel find_reduce(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) -> Kernel {
    switch (call.attributes<tenon_reduce_attributes>().member) {
      case TENON_REDUCE_SUM:
        return find<T, Sum<T>>(call);
      case TENON_REDUCE_MEAN:
        if constexpr (kFloating<T>) return find<T, Mean<T>>(call);
        return nullptr;
      case TENON_REDUCE_PROD:
        return find<T, Product<T>>(call);
      case TENON_REDUCE_MAX:
        return find_unless_empty<T, Extremum<T, Larger>>(call);
      case TENON_REDUCE_MIN:
        return find_unless_empty<T, Extremum<T, Smaller>>(call);
      case TENON_REDUCE_ANY:
        return find<T, Any<T>>(call);
      case TENON_REDUCE_ALL:
        return find<T, All<T>>(call);
      case TENON_REDUCE_ARGMAX:
        return find_unless_empty<T, ArgExtremum<T, Greater>>(call);
      case TENON_REDUCE_ARGMIN:
        return find_unless_empty<T, ArgExtremum<T, Less>>(call);
      default:
        return nullptr;
    }
  });
}

}  // namespace tenon::naive
