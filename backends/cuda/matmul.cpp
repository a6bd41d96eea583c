// MATMUL in floating point around cuBLAS: batches, layouts that it cannot express, and what follows the
// product.
#include "cuda/axes.h"
#include "cuda/epilogue.h"
#include "cuda/families.h"
#include "cuda/gemm.h"
#include "cuda/integer_matmul.h"

#include <climits>
#include <cstddef>
#include <optional>
#include <utility>

namespace tenon::cuda {
namespace {

std::size_t size_of(DType dtype) { return plugin::to_dlpack(dtype).bits / 8U; }

/// A tensor that is made here, in memory of somebody else's.
class Tensor {
 public:
  /// Dense in row-major order.
  Tensor(void* data, DType dtype, std::span<const std::int64_t> shape)
      : tensor_{
            data, {kDLCUDA, 0}, static_cast<int>(shape.size()), plugin::to_dlpack(dtype), shape_, strides_,
            0} {
    std::int64_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      shape_[axis] = shape[axis];
      strides_[axis] = stride;
      stride *= shape[axis];
    }
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  [[nodiscard]] View view() const { return View(tensor_); }
  void set_stride(std::size_t axis, std::int64_t stride) { strides_[axis] = stride; }

 private:
  std::int64_t shape_[TENON_MAX_RANK];
  std::int64_t strides_[TENON_MAX_RANK];
  DLTensor tensor_;
};

std::int64_t from_last(std::span<const std::int64_t> values, std::size_t back) {
  return values[values.size() - back];
}

/// The matrix of the last two axes at the start of the batch.
Matrix matrix_of(const View& view) {
  return {view.data<void>(),
          view.dtype(),
          from_last(view.shape(), 2),
          from_last(view.shape(), 1),
          from_last(view.strides(), 2),
          from_last(view.strides(), 1)};
}

/// An input in a layout that cuBLAS can express: where it lies, or as a dense copy, which repeats nothing
/// along batch axes of stride 0.
class Input {
 public:
  Input(const Queue& queue, const View& view) : view_(view) {
    if (layout_of(matrix_of(view))) return;
    std::int64_t shape[TENON_MAX_RANK];
    std::copy(view.shape().begin(), view.shape().end(), shape);
    const std::size_t rank = view.shape().size();
    std::size_t size = size_of(view.dtype());
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (axis + 2 < rank && view.strides()[axis] == 0) shape[axis] = 1;
      size *= static_cast<std::size_t>(shape[axis]);
    }
    memory_.emplace(queue, size);
    copy_.emplace(memory_->as<void>(), view.dtype(), std::span<const std::int64_t>(shape, rank));
    DLTensor original = view.dlpack();
    original.shape = shape;
    const tenon_call frame = {sizeof(frame), TENON_OP_COPY,           1,       1,
                              &original,     &copy_->view().dlpack(), nullptr, nullptr};
    find_copy(Call(frame))(Call(frame), queue);
    for (std::size_t axis = 0; axis + 2 < rank; ++axis) {
      if (view.strides()[axis] == 0) copy_->set_stride(axis, 0);
    }
  }
  [[nodiscard]] View view() const { return copy_ ? copy_->view() : view_; }

 private:
  View view_;
  std::optional<Scratch> memory_;
  std::optional<Tensor> copy_;
};

/// The matrices of a product and the batch axes around them; axes hold the strides of out, a, b.
struct Product {
  Matrix a, b, out;
  Axes<3> batch;

  Product(const View& a_view, const View& b_view, const View& out_view)
      : a(matrix_of(a_view)), b(matrix_of(b_view)), out(matrix_of(out_view)) {
    const auto shape = out_view.shape();
    for (std::size_t axis = 0; axis + 2 < shape.size(); ++axis) {
      batch.append(shape[axis], {out_view.strides()[axis], a_view.strides()[axis], b_view.strides()[axis]});
    }
    batch.sort();
    batch.merge();
    merge_rows();
  }

  /// Matrices of a batch that share one b, and follow each other evenly, are one matrix with more rows.
  void merge_rows() {
    if (batch.rank() == 0) return;
    const auto& [extent, strides] = batch[batch.rank() - 1];
    if (strides[2] != 0 || strides[0] != out.rows * out.row_stride || strides[1] != a.rows * a.row_stride ||
        extent * out.rows > INT_MAX) {
      return;
    }
    Matrix taller_a = a;
    Matrix taller_out = out;
    taller_a.rows = taller_out.rows = out.rows * extent;
    if (!layout_of(taller_a) || !layout_of(taller_out)) return;
    a = taller_a;
    out = taller_out;
    batch.take(batch.rank() - 1);
  }
};

void* moved(const Matrix& matrix, std::int64_t elements) {
  return static_cast<std::byte*>(matrix.data) + elements * static_cast<std::int64_t>(size_of(matrix.dtype));
}

/// out = alpha a b + beta out for the whole batch: its longest axis by cuBLAS, the others by a loop.
void multiply_batch(const Queue& queue, double alpha, Product product, double beta) {
  Axes<3>& batch = product.batch;
  std::int64_t count = 1;
  int longest = -1;
  for (int axis = 0; axis < batch.rank(); ++axis) {
    if (batch[axis].extent > count && batch[axis].extent <= INT_MAX) {
      count = batch[axis].extent;
      longest = axis;
    }
  }
  if (longest >= 0) {
    const auto [extent, strides] = batch.take(longest);
    product.out.batch_stride = strides[0];
    product.a.batch_stride = strides[1];
    product.b.batch_stride = strides[2];
  }
  for (std::int64_t i = 0; i < batch.size(); ++i) {
    std::int64_t at[3] = {};
    std::int64_t rest = i;
    for (int axis = batch.rank() - 1; axis >= 0; --axis) {
      for (std::size_t k = 0; k < 3; ++k) at[k] += rest % batch[axis].extent * batch[axis].strides[k];
      rest /= batch[axis].extent;
    }
    Matrix out = product.out;
    Matrix a = product.a;
    Matrix b = product.b;
    out.data = moved(product.out, at[0]);
    a.data = moved(product.a, at[1]);
    b.data = moved(product.b, at[2]);
    run_step(beta != 0 && i > 0, [&] { multiply(queue, alpha, a, b, beta, out, static_cast<int>(count)); });
  }
}

/// The bias as one dense row that every row of out gets, or null.
const void* bias_row(const View& bias) {
  const std::size_t rank = bias.strides().size();
  for (std::size_t axis = 0; axis + 1 < rank; ++axis) {
    if (bias.strides()[axis] != 0 && bias.shape()[axis] != 1) return nullptr;
  }
  return bias.strides()[rank - 1] == 1 ? bias.data<const void>() : nullptr;
}

/// The product is made where out lies, and what follows is done in place. False, and nothing was done, if it
/// cannot be: a layout that cuBLAS does not have, or a bfloat16 that would be rounded before the end.
bool multiply_in_place(const Queue& queue, const Epilogue& epilogue, const Product& product, const View* bias,
                       const View& out) {
  if (!layout_of(product.out) || epilogue.alpha == 0) return false;
  Epilogue rest = epilogue;
  rest.alpha = 1;
  rest.beta = 0;
  const bool rounds = out.dtype() == DType::bfloat16;
  if (rounds && epilogue.activation != TENON_NO_ACTIVATION) return false;
  if (bias != nullptr) {
    const void* const row = bias_row(*bias);
    const bool fits = row != nullptr && epilogue.beta == 0 && product.batch.rank() == 0 &&
                      layout_of(product.out)->is_row_major;
    if (fits && multiply_with_bias(queue, epilogue.alpha, product.a, product.b, row, product.out)) {
      bias = nullptr;
    } else if (rounds) {
      return false;
    } else {
      multiply_batch(queue, epilogue.alpha, product, epilogue.beta);
    }
  } else {
    multiply_batch(queue, epilogue.alpha, product, epilogue.beta);
  }
  if (!rest.is_identity(bias != nullptr)) {
    run_step(epilogue.beta != 0, [&] { run_epilogue(queue, rest, out, bias, out); });
  }
  return true;
}

void run_matmul(const Call& call, const Queue& queue) {
  const auto attributes = call.attributes<tenon_matmul_attributes>();
  const View out = call.output();
  if (out.size() == 0) return;
  Epilogue epilogue = {attributes.alpha.real, attributes.beta.real, attributes.activation};
  if (out.dtype() != DType::float64) {  // cuBLAS reads them as float32: what rounds to 0 there is 0
    if (static_cast<float>(epilogue.alpha) == 0) epilogue.alpha = 0;
    if (static_cast<float>(epilogue.beta) == 0) epilogue.beta = 0;
  }
  const std::optional<View> bias_view = call.num_inputs() == 3 ? std::optional(call.input(2)) : std::nullopt;
  const View* const bias = bias_view ? &*bias_view : nullptr;
  const bool is_empty_sum = from_last(call.input(0).shape(), 1) == 0;
  std::optional<Input> a;
  std::optional<Input> b;
  if (!is_empty_sum) {
    a.emplace(queue, call.input(0));
    b.emplace(queue, call.input(1));
    if (multiply_in_place(queue, epilogue, Product(a->view(), b->view(), out), bias, out)) return;
  }
  // The sums are made elsewhere, in what the dtype computes in, and come to out at the end.
  const DType wide = out.dtype() == DType::bfloat16 ? DType::float32 : out.dtype();
  const std::size_t bytes = static_cast<std::size_t>(out.size()) * size_of(wide);
  const Scratch memory(queue, bytes);
  const Tensor sum(memory.as<void>(), wide, out.shape());
  if (is_empty_sum) {
    check(cudaMemsetAsync(memory.as<void>(), 0, bytes, queue.stream()), "cudaMemsetAsync");
    epilogue.alpha = 1;
  } else {
    multiply_batch(queue, 1, Product(a->view(), b->view(), sum.view()), 0);
  }
  run_step(epilogue.beta != 0, [&] { run_epilogue(queue, epilogue, sum.view(), bias, out); });
}

bool has_matmul_dtypes(const Call& call, DType dtype) {
  return has_dtypes(call, {dtype, dtype}, dtype) || has_dtypes(call, {dtype, dtype, dtype}, dtype);
}

}  // namespace

Work find_matmul(const Call& call) {
  const View out = call.output();
  const DType dtype = out.dtype();
  const std::uint32_t activation = call.attributes<tenon_matmul_attributes>().activation;
  if (dtype == DType::boolean || out.rank() < 2 || !has_matmul_dtypes(call, dtype) ||
      !is_activation(activation, dtype)) {
    return nullptr;
  }
  if (!plugin::is_floating(dtype)) return run_integer_matmul;
  // cuBLAS counts in 32 bits.
  for (const std::int64_t extent :
       {from_last(out.shape(), 2), from_last(out.shape(), 1), from_last(call.input(0).shape(), 1)}) {
    if (extent > INT_MAX) return nullptr;
  }
  return run_matmul;
}

}  // namespace tenon::cuda
