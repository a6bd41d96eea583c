// out[i] = f(in[i]...) for operands of any strides. Two kernels: one moves 16 bytes at a time where all
// operands are dense, one finds each element by its strides.
#pragma once

#include "cuda/launch.h"
#include "cuda/walk.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tenon::cuda {

/// N neighbours that are loaded or stored at once.
template <typename T, int N>
struct alignas(sizeof(T) * N) Pack {
  T lane[N];
};

/// An input of the vectorised kernel: dense, or one element for all.
template <typename T>
struct DenseInput {
  const T* data;
  bool repeated;

  template <int N>
  [[nodiscard]] __device__ Pack<T, N> pack(std::uint32_t i) const {
    if (!repeated) return reinterpret_cast<const Pack<T, N>*>(data)[i];
    Pack<T, N> all;
    for (int lane = 0; lane < N; ++lane) all.lane[lane] = *data;
    return all;
  }
  [[nodiscard]] __device__ T at(std::uint32_t i) const { return data[repeated ? 0 : i]; }
};

template <int N, typename F, typename Out, typename... In>
__device__ Pack<Out, N> apply(const F& f, const Pack<In, N>&... in) {
  Pack<Out, N> out;
#pragma unroll
  for (int lane = 0; lane < N; ++lane) out.lane[lane] = f(in.lane[lane]...);
  return out;
}

template <int N, typename F, typename Out, typename... In>
__global__ void __launch_bounds__(kBlockThreads)
    map_dense(F f, std::uint32_t size, Out* out, DenseInput<In>... in) {
  const std::uint32_t first = blockIdx.x * blockDim.x + threadIdx.x;
  const std::uint32_t step = gridDim.x * blockDim.x;
  const std::uint32_t packs = size / N;
  for (std::uint32_t i = first; i < packs; i += step) {
    reinterpret_cast<Pack<Out, N>*>(out)[i] = apply<N, F, Out, In...>(f, in.template pack<N>(i)...);
  }
  for (std::uint32_t i = packs * N + first; i < size; i += step) out[i] = f(in.at(i)...);
}

template <typename F, typename Out, typename... In, int... K>
__device__ Out apply_at(const F& f, const Offsets<1 + sizeof...(In)>& at, std::integer_sequence<int, K...>,
                        const In*... in) {
  return f(in[at.of[K + 1]]...);
}

template <typename F, typename Out, typename... In>
__global__ void __launch_bounds__(kBlockThreads)
    map_strided(F f, const Walk<1 + sizeof...(In)> walk, Out* out, const In*... in) {
  for (std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < walk.size; i += gridDim.x * blockDim.x) {
    const auto at = walk.at(i);
    out[at.of[0]] = apply_at<F, Out, In...>(f, at, std::make_integer_sequence<int, sizeof...(In)>{}, in...);
  }
}

namespace detail {

inline bool is_aligned(const void* data, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(data) % bytes == 0;
}

template <typename F, typename Out, typename... In, std::size_t... K>
void map_piece(const Queue& queue, const F& f, const Axes<1 + sizeof...(In)>& axes, std::index_sequence<K...>,
               Out* out, const In*... in) {
  constexpr int kLanes = static_cast<int>(16 / std::max({sizeof(Out), sizeof(In)...}));
  const auto size = axes.size();
  if (axes.rank() == 1 && axes[0].strides[0] == 1 && ((axes[0].strides[K + 1] <= 1) && ...) &&
      is_aligned(out, sizeof(Out) * kLanes) &&
      ((axes[0].strides[K + 1] == 0 || is_aligned(in, sizeof(In) * kLanes)) && ...)) {
    launch(queue, map_dense<kLanes, F, Out, In...>, queue.blocks(size / kLanes, kBlockThreads), kBlockThreads, f,
           static_cast<std::uint32_t>(size), out, DenseInput<In>{in, axes[0].strides[K + 1] == 0}...);
  } else {
    launch(queue, map_strided<F, Out, In...>, queue.blocks(size, kBlockThreads), kBlockThreads, f, axes.walk(), out,
           in...);
  }
}

template <typename F, typename Out, typename... In, std::size_t... K, typename... Views>
void map(const Queue& queue, const F& f, std::index_sequence<K...> inputs, const plugin::View& out,
         const Views&... in) {
  axes_by_layout(out.shape(), out, in...).for_each_piece([&](const auto& axes, const auto& first) {
    map_piece<F, Out, In...>(queue, f, axes, inputs, out.data<Out>() + first[0],
                             in.template data<const In>() + first[K + 1]...);
  });
}

}  // namespace detail

/// Queues out[i] = f(in[i]...); f is a functor of the device from In... to Out.
template <typename Out, typename... In, typename F, typename... Views>
void map(const Queue& queue, const F& f, const plugin::View& out, const Views&... in) {
  static_assert(sizeof...(In) == sizeof...(Views));
  detail::map<F, Out, In...>(queue, f, std::index_sequence_for<In...>{}, out, in...);
}

}  // namespace tenon::cuda
