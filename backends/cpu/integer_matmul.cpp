// MATMUL on integers, which no BLAS has: wrapping sums of rank-1 updates, row by row.
#include "cpu/families.h"
#include "cpu/loop.h"
#include "cpu/scratch.h"
#include "cpu/threads.h"

#include <algorithm>
#include <vector>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

constexpr std::int64_t kGrain = 65536;  // multiplications worth a thread
constexpr std::int64_t kBlock = 512;    // columns kept in registers and first-level cache

/// The offset in bytes of batch `i` in row-major order of the leading axes.
std::int64_t batch_offset(const View& view, std::int64_t i) {
  std::int64_t offset = 0;
  for (int axis = view.rank() - 3; axis >= 0; --axis) {
    const auto at = static_cast<std::size_t>(axis);
    offset += i % view.shape()[at] * view.strides()[at];
    i /= view.shape()[at];
  }
  return offset * item_size(view);
}

/// One matrix of a view: an element by row and column.
template <typename T>
struct Matrix {
  T* data;
  std::int64_t row_stride;
  std::int64_t column_stride;

  Matrix(const View& view, std::int64_t batch)
      : data(reinterpret_cast<T*>(address(view) + batch_offset(view, batch))),
        row_stride(view.strides()[view.strides().size() - 2]),
        column_stride(view.strides().back()) {}
  T& at(std::int64_t r, std::int64_t c) const { return data[r * row_stride + c * column_stride]; }
};

template <typename T>
void matmul(const Call& call, const tenon_matmul_attributes& attributes) {
  using U = std::make_unsigned_t<T>;
  const View out = call.output();
  const View a = call.input(0);
  const View b = call.input(1);
  const std::int64_t m = out.shape()[out.shape().size() - 2];
  const std::int64_t n = out.shape().back();
  const std::int64_t k = a.shape().back();
  const std::int64_t blocks = (n + kBlock - 1) / kBlock;
  if (out.size() == 0) return;
  const auto alpha = static_cast<U>(attributes.alpha.integer);
  const auto beta = static_cast<U>(attributes.beta.integer);
  const std::int64_t tasks = out.size() / n * blocks;
  const std::int64_t work = std::max<std::int64_t>(1, k * std::min(n, kBlock));
  parallel_for(tasks, (kGrain + work - 1) / work, [&](std::int64_t begin, std::int64_t end) {
    U sum[kBlock];
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task % blocks * kBlock;
      const std::int64_t r = task / blocks % m;
      const std::int64_t batch = task / blocks / m;
      const std::int64_t columns = std::min(kBlock, n - first);
      const Matrix<const T> left(a, batch);
      const Matrix<const T> right(b, batch);
      const Matrix<T> result(out, batch);
      std::fill_n(sum, columns, U{0});
      for (std::int64_t l = 0; l < k; ++l) {
        const auto factor = static_cast<U>(left.at(r, l));
        const T* row = &right.at(l, first);
        const std::int64_t step = right.column_stride;
        if (step == 1) {
#pragma omp simd
          for (std::int64_t c = 0; c < columns; ++c)
            sum[c] = static_cast<U>(sum[c] + factor * static_cast<U>(row[c]));
        } else {
          for (std::int64_t c = 0; c < columns; ++c) {
            sum[c] = static_cast<U>(sum[c] + factor * static_cast<U>(row[c * step]));
          }
        }
      }
      for (std::int64_t c = 0; c < columns; ++c) {
        T& to = result.at(r, first + c);
        U value = static_cast<U>(alpha * sum[c]);
        if (beta != 0) value = static_cast<U>(value + beta * static_cast<U>(to));
        if (call.num_inputs() == 3) {
          value =
              static_cast<U>(value + static_cast<U>(Matrix<const T>(call.input(2), batch).at(r, first + c)));
        }
        to = static_cast<T>(value);
      }
    }
  });
}

}  // namespace

bool integer_matmul(const Call& call, bool run) {
  const DType dtype = call.output().dtype();
  if (plugin::is_floating(dtype) || dtype == DType::boolean) return false;
  const auto& attributes = call.attributes<tenon_matmul_attributes>();
  if (attributes.activation != TENON_NO_ACTIVATION) {
    // The activation is a call of its own, in place on the output.
    const tenon_member_attributes member = {sizeof(tenon_member_attributes), attributes.activation};
    const DLTensor& out = call.output().dlpack();
    const tenon_call frame = {sizeof(tenon_call), TENON_OP_UNARY, 1, 1, &out, &out, &member, nullptr};
    if (!unary(Call(frame), false)) return false;
    if (!run) return true;
    tenon_matmul_attributes plain = attributes;
    plain.activation = TENON_NO_ACTIVATION;
    plugin::visit_dtype(dtype, [&]<typename T>(plugin::TypeTag<T>) {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) matmul<T>(call, plain);
    });
    return unary(Call(frame), true);
  }
  if (!run) return true;
  plugin::visit_dtype(dtype, [&]<typename T>(plugin::TypeTag<T>) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) matmul<T>(call, attributes);
  });
  return true;
}

}  // namespace tenon::cpu
