// MATMUL: out = activation(alpha * a b + beta * out + bias), one matrix product for each index of the batch
// axes.
#include "loop_nest.h"
#include "unary_functions.h"

#include <vector>

namespace tenon::naive {

namespace {

tenon_matmul_attributes attributes_of(const Call& call) { return call.attributes<tenon_matmul_attributes>(); }

/// The last two axes of an operand, at one index of the batch axes.
template <typename T>
struct Matrix {
  T* data;
  std::int64_t offset;
  std::int64_t row_stride;
  std::int64_t column_stride;

  Matrix(const View& view, std::int64_t batch_offset)
      : data(view.data<T>()),
        offset(batch_offset),
        row_stride(view.strides()[view.strides().size() - 2]),
        column_stride(view.strides()[view.strides().size() - 1]) {}

  T& operator()(std::int64_t row, std::int64_t column) const {
    return data[offset + row * row_stride + column * column_stride];
  }
};

template <typename A>
using Activation = A (*)(A);

/// Null if the member is no function from A to A.
template <typename A>
Activation<A> activation_of(const Call& call) {
  const std::uint32_t member = attributes_of(call).activation;
  if (member == TENON_NO_ACTIVATION) return [](A x) { return x; };
  return visit_unary<Activation<A>, A>(member, []<typename F>(F f) -> Activation<A> {
    if constexpr (std::is_same_v<std::invoke_result_t<F, A>, A>) {
      return f;
    } else {
      return nullptr;
    }
  });
}

Extents batch_axes(Extents axes) { return axes.first(axes.size() - 2); }

/// The product of one row of a with b, row[j] = sum over l of a[i, l] b[l, j], by the three loops. l is
/// outside j because b usually lies in memory row by row; no product is skipped, so 0 * inf is NaN.
template <typename T, typename A>
void multiply_row(std::int64_t i, std::int64_t k, const Matrix<const T>& a, const Matrix<const T>& b,
                  std::vector<A>& row) {
  const auto n = static_cast<std::int64_t>(row.size());
  A* const sum = row.data();
  for (std::int64_t j = 0; j < n; ++j) sum[j] = 0;
  for (std::int64_t l = 0; l < k; ++l) {
    const auto a_il = cast_element<A>(a(i, l));
    for (std::int64_t j = 0; j < n; ++j) sum[j] = add(sum[j], multiply(a_il, cast_element<A>(b(l, j))));
  }
}

template <typename T>
void run_matmul(const Call& call) {
  using A = Accumulator<T>;
  const View a = call.input(0);
  const View b = call.input(1);
  const View out = call.output();
  const bool has_bias = call.num_inputs() == 3;
  const View bias = has_bias ? call.input(2) : out;
  const std::int64_t m = out.shape()[out.shape().size() - 2];
  const std::int64_t n = out.shape()[out.shape().size() - 1];
  const std::int64_t k = a.shape()[a.shape().size() - 1];
  const auto alpha = number_as<A>(attributes_of(call).alpha);
  const auto beta = number_as<A>(attributes_of(call).beta);
  const Activation<A> activation = activation_of<A>(call);
  std::vector<A> row(static_cast<std::size_t>(n));

  const LoopNest<4> batch(batch_axes(out.shape()), {batch_axes(a.strides()), batch_axes(b.strides()),
                                                    batch_axes(bias.strides()), batch_axes(out.strides())});
  batch.for_each([&](const auto& at) {
    const Matrix<const T> a_matrix(a, at[0]);
    const Matrix<const T> b_matrix(b, at[1]);
    const Matrix<const T> bias_matrix(bias, at[2]);
    const Matrix<T> out_matrix(out, at[3]);
    for (std::int64_t i = 0; i < m; ++i) {
      multiply_row(i, k, a_matrix, b_matrix, row);
      for (std::int64_t j = 0; j < n; ++j) {
        A value = k == 0 ? A{0} : multiply(alpha, row[static_cast<std::size_t>(j)]);
        if (beta != A{0}) value = add(value, multiply(beta, cast_element<A>(out_matrix(i, j))));
        if (has_bias) value = add(value, cast_element<A>(bias_matrix(i, j)));
        out_matrix(i, j) = cast_element<T>(activation(value));
      }
    }
  });
}

}  // namespace

Kernel find_matmul(const Call& call) {
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Kernel {
    if constexpr (!std::is_same_v<T, bool>) {
      constexpr DType dtype = dtype_of<T>();
      const bool typed =
          has_dtypes(call, {dtype, dtype}, dtype) || has_dtypes(call, {dtype, dtype, dtype}, dtype);
      if (typed && call.output().rank() >= 2 && activation_of<Accumulator<T>>(call) != nullptr) {
        return run_matmul<T>;
      }
    }
    return nullptr;
  });
}

}  // namespace tenon::naive
