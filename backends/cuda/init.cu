// INIT: out[i] = f(i), i counting the elements in row-major order of the logical shape.
#include "cuda/elements.cuh"
#include "cuda/families.h"
#include "cuda/map.cuh"
#include "cuda/philox.cuh"

#include <cmath>
#include <limits>

namespace tenon::cuda {

template <typename Bits>
struct Constant {
  Bits value;
  __device__ Bits operator()() const { return value; }
};

/// start + i * step; floats are computed in double, integers wrap.
template <typename T>
struct Arange {
  using C = std::conditional_t<std::is_integral_v<T>, T, double>;
  C start;
  C step;
  __device__ T operator()(std::uint64_t i) const { return cast<T>(add(start, multiply(static_cast<C>(i), step))); }
};

template <typename Bits>
struct Eye {
  std::uint64_t rows;
  std::uint64_t columns;
  std::int64_t diagonal;
  Bits one;
  __device__ Bits operator()(std::uint64_t i) const {
    const auto row = static_cast<std::int64_t>(i / columns % rows);
    const auto column = static_cast<std::int64_t>(i % columns);
    return column - row == diagonal ? one : Bits{0};
  }
};

/// out[i] = f(start + i)
template <typename Out, typename F>
__global__ void __launch_bounds__(kBlockThreads)
    number(F f, const Walk<1> walk, std::uint64_t start, Out* out) {
  for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < walk.size; i += gridDim.x * blockDim.x) {
    out[walk.at(i).of[0]] = f(start + i);
  }
}

/// The elements [start, start + size) of a draw; a thread makes all that come from one block.
template <typename Out, typename F>
__global__ void __launch_bounds__(kBlockThreads)
    draw(F f, Philox philox, const Walk<1> walk, std::uint64_t start, Out* out) {
  constexpr int kElements = F::kElements;
  const std::uint64_t end = start + walk.size;
  const std::uint64_t step = std::uint64_t{gridDim.x} * blockDim.x;
  for (std::uint64_t n = start / kElements + blockIdx.x * blockDim.x + threadIdx.x; n * kElements < end; n += step) {
    Out made[kElements];
    f(philox.block(n), made);
    for (int lane = 0; lane < kElements; ++lane) {
      const std::uint64_t i = n * kElements + lane;
      if (i >= start && i < end) out[walk.at(static_cast<std::uint32_t>(i - start)).of[0]] = made[lane];
    }
  }
}

namespace {

tenon_init_attributes attributes_of(const Call& call) { return call.attributes<tenon_init_attributes>(); }

template <typename T>
T number_as(const tenon_number& number) {
  if constexpr (std::is_integral_v<T>) {
    return plugin::cast_element<T>(number.integer);
  } else {
    return plugin::cast_element<T>(number.real);
  }
}

/// Calls f(axes, start, data) for the pieces of out in row-major order; `start` is the index of the first.
template <typename Out, typename F>
void in_order(const View& out, F&& f) {
  std::uint64_t start = 0;
  axes_in_order(out.shape(), out).for_each_piece([&](const Axes<1>& axes, const auto& first) {
    f(axes, start, out.data<Out>() + first[0]);
    start += static_cast<std::uint64_t>(axes.size());
  });
}

template <typename Out, typename F>
void run_numbers(const Queue& queue, const F& f, const View& out) {
  in_order<Out>(out, [&](const Axes<1>& axes, std::uint64_t start, Out* data) {
    launch(queue, number<Out, F>, queue.blocks(axes.size(), kBlockThreads), kBlockThreads, f, axes.walk(), start,
           data);
  });
}

template <typename Out, typename F>
void run_draw(const Call& call, const Queue& queue, const F& f) {
  const Philox philox = {attributes_of(call).seed, attributes_of(call).offset};
  in_order<Out>(call.output(), [&](const Axes<1>& axes, std::uint64_t start, Out* data) {
    launch(queue, draw<Out, F>, queue.blocks(axes.size() / F::kElements + 1, kBlockThreads), kBlockThreads, f, philox,
           axes.walk(), start, data);
  });
}

template <typename T>
void fill(const Call& call, const Queue& queue) {
  const T value = number_as<T>(attributes_of(call).value[0]);
  map<BitsOf<T>>(queue, Constant<BitsOf<T>>{std::bit_cast<BitsOf<T>>(value)}, call.output());
}

template <typename T>
void arange(const Call& call, const Queue& queue) {
  using C = typename Arange<T>::C;
  const tenon_init_attributes attributes = attributes_of(call);
  run_numbers<T>(queue, Arange<T>{number_as<C>(attributes.value[0]), number_as<C>(attributes.value[1])},
                 call.output());
}

template <typename T>
void eye(const Call& call, const Queue& queue) {
  const View out = call.output();
  const auto rank = out.shape().size();
  run_numbers<BitsOf<T>>(queue,
                         Eye<BitsOf<T>>{static_cast<std::uint64_t>(out.shape()[rank - 2]),
                                        static_cast<std::uint64_t>(out.shape()[rank - 1]),
                                        attributes_of(call).value[0].integer,
                                        std::bit_cast<BitsOf<T>>(plugin::cast_element<T>(true))},
                         out);
}

void random_bits(const Call& call, const Queue& queue) { run_draw<std::int64_t>(call, queue, RandomBits{}); }

template <typename T>
T next_below(double high) {
  const T nearest = static_cast<T>(high);
  return nearest < high ? nearest : std::nextafter(nearest, -std::numeric_limits<T>::infinity());
}

template <typename T>
void uniform(const Call& call, const Queue& queue) {
  const double low = attributes_of(call).value[0].real;
  const double high = attributes_of(call).value[1].real;
  run_draw<T>(call, queue, Uniform<T>{low, high, next_below<T>(high)});
}

template <typename T>
void normal(const Call& call, const Queue& queue) {
  const tenon_init_attributes attributes = attributes_of(call);
  run_draw<T>(call, queue, Normal<T>{attributes.value[0].real, attributes.value[1].real});
}

template <typename T>
Work find_for(std::uint32_t member, int rank) {
  switch (member) {
    case TENON_INIT_FILL:
      return fill<T>;
    case TENON_INIT_ARANGE:
      if constexpr (!std::is_same_v<T, bool>) return arange<T>;
      return nullptr;
    case TENON_INIT_EYE:
      return rank >= 2 ? eye<T> : nullptr;
    case TENON_INIT_RANDOM_BITS:
      return std::is_same_v<T, std::int64_t> ? random_bits : nullptr;
    case TENON_INIT_UNIFORM:
      if constexpr (std::is_floating_point_v<T>) return uniform<T>;
      return nullptr;
    case TENON_INIT_NORMAL:
      if constexpr (std::is_floating_point_v<T>) return normal<T>;
      return nullptr;
    default:
      return nullptr;
  }
}

}  // namespace

Work find_init(const Call& call) {
  const std::uint32_t member = attributes_of(call).member;
  return visit_dtype(call.output().dtype(),
                     [&]<typename T>(TypeTag<T>) { return find_for<T>(member, call.output().rank()); });
}

}  // namespace tenon::cuda
