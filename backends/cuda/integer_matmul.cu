#include "cuda/integer_matmul.h"

#include "cuda/launch.h"
#include "cuda/unary.cuh"
#include "cuda/walk.h"

namespace tenon::cuda {

inline constexpr int kSide = 16;  // of the square that a block computes

/// The strides of the last two axes.
struct MatrixStrides {
  std::int64_t row;
  std::int64_t column;
};

/// Operands of `batch`: out, a, b, bias.
template <typename T>
struct IntegerProduct {
  Walk<4> batch;
  std::int64_t m, n, k;
  MatrixStrides out, a, b, bias;
  T alpha, beta;
  bool has_bias;
  std::uint32_t activation;
};

/// Tiles of a and b go through shared memory, kSide of the summed extent at a time. Sums wrap alike in T and in
/// 32 bits cut to T, which is what the device multiplies in.
template <typename T>
__global__ void __launch_bounds__(kSide* kSide)
    integer_product(const IntegerProduct<T> p, T* __restrict__ out, const T* __restrict__ a, const T* __restrict__ b,
                    const T* __restrict__ bias) {
  using Sum = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  __shared__ T left[kSide][kSide + 1];
  __shared__ T right[kSide][kSide + 1];
  const std::int64_t tiles_across = (p.n + kSide - 1) / kSide;
  const std::int64_t tiles = tiles_across * ((p.m + kSide - 1) / kSide);
  for (std::int64_t block = blockIdx.x; block < tiles * p.batch.size; block += gridDim.x) {
    const auto at = p.batch.at(static_cast<std::uint32_t>(block / tiles));
    const std::int64_t row = block % tiles / tiles_across * kSide + threadIdx.y;
    const std::int64_t column = block % tiles_across * kSide + threadIdx.x;
    Sum sum = 0;
    for (std::int64_t first = 0; first < p.k; first += kSide) {
      const std::int64_t across = first + threadIdx.x;
      const std::int64_t down = first + threadIdx.y;
      left[threadIdx.y][threadIdx.x] =
          row < p.m && across < p.k ? a[at.of[1] + row * p.a.row + across * p.a.column] : T{0};
      right[threadIdx.y][threadIdx.x] =
          down < p.k && column < p.n ? b[at.of[2] + down * p.b.row + column * p.b.column] : T{0};
      __syncthreads();
      for (int l = 0; l < kSide; ++l) {
        sum += static_cast<Sum>(left[threadIdx.y][l]) * static_cast<Sum>(right[l][threadIdx.x]);
      }
      __syncthreads();
    }
    if (row >= p.m || column >= p.n) continue;
    T& result = out[at.of[0] + row * p.out.row + column * p.out.column];
    T value = multiply(p.alpha, static_cast<T>(sum));
    if (p.beta != 0) value = add(value, multiply(p.beta, result));
    if (p.has_bias) value = add(value, bias[at.of[3] + row * p.bias.row + column * p.bias.column]);
    result = p.activation == TENON_NO_ACTIVATION ? value : apply_simple(p.activation, value);
  }
}

namespace {

MatrixStrides matrix_strides(const View& view) {
  const auto rank = view.strides().size();
  return {view.strides()[rank - 2], view.strides()[rank - 1]};
}

template <typename T>
void run(const Call& call, const Queue& queue) {
  const auto attributes = call.attributes<tenon_matmul_attributes>();
  const View a = call.input(0);
  const View b = call.input(1);
  const View out = call.output();
  const bool has_bias = call.num_inputs() == 3;
  const View bias = has_bias ? call.input(2) : out;
  const auto rank = out.shape().size();
  IntegerProduct<T> p{};
  p.m = out.shape()[rank - 2];
  p.n = out.shape()[rank - 1];
  p.k = a.shape()[rank - 1];
  p.out = matrix_strides(out);
  p.a = matrix_strides(a);
  p.b = matrix_strides(b);
  p.bias = matrix_strides(bias);
  p.alpha = static_cast<T>(attributes.alpha.integer);
  p.beta = static_cast<T>(attributes.beta.integer);
  p.has_bias = has_bias;
  p.activation = attributes.activation;
  const std::int64_t tiles = ((p.m + kSide - 1) / kSide) * ((p.n + kSide - 1) / kSide);
  if (tiles == 0) return;
  axes_by_layout(out.shape().first(rank - 2), out, a, b, bias).for_each_piece([&](const Axes<4>& batch, const auto& at) {
    p.batch = batch.walk();
    launch(queue, integer_product<T>, queue.blocks(tiles * batch.size(), 1), dim3(kSide, kSide), p,
           out.data<T>() + at[0], a.data<const T>() + at[1], b.data<const T>() + at[2], bias.data<const T>() + at[3]);
  });
}

}  // namespace

void run_integer_matmul(const Call& call, const Queue& queue) {
  switch (call.output().dtype()) {
    case DType::int32:
      run<std::int32_t>(call, queue);
      break;
    case DType::int64:
      run<std::int64_t>(call, queue);
      break;
    default:
      run<std::uint8_t>(call, queue);
  }
}

}  // namespace tenon::cuda
