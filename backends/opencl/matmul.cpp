// MATMUL: our own kernel, which takes any strides and does the whole epilogue; CLBlast for large products of float32
// and float64 on a GPU.
#include "opencl/families.h"

#include <array>

namespace tenon::opencl {
namespace {

using plugin::Call;
using plugin::View;

/// `Product` of matmul.cl.
struct Product {
  cl_long m, n, k;
  cl_long a_row, a_column;
  cl_long b_row, b_column;
  cl_long out_row, out_column;
  cl_long bias_row, bias_column;
  cl_ulong alpha, beta;
  cl_uint has_beta;
  cl_uint has_bias;
  cl_uint activation;
  cl_uint unused;
};

/// A view, with its memory, whose last two axes are a matrix.
struct Matrix {
  cl_mem memory;
  View view;
  [[nodiscard]] std::int64_t extent(std::size_t from_last) const {
    return view.shape()[view.shape().size() - from_last];
  }
  [[nodiscard]] std::int64_t stride(std::size_t from_last) const {
    return view.strides()[view.strides().size() - from_last];
  }
};

}  // namespace

void run_matmul(Device& device, const Call& call) {
  const View out = call.output();
  if (out.size() == 0) return;
  const auto attributes = call.attributes<tenon_matmul_attributes>();
  const DType dtype = out.dtype();
  const DType number = dtype == DType::bfloat16 ? DType::float32 : dtype;
  const bool has_bias = call.num_inputs() == 3;
  const Matrix c = {memory_of(out), out};
  const Matrix a = {memory_of(call.input(0)), call.input(0)};
  const Matrix b = {memory_of(call.input(1)), call.input(1)};
  const Matrix d = has_bias ? Matrix{memory_of(call.input(2)), call.input(2)} : c;
  const bool is_real = plugin::is_floating(dtype);
  const bool has_beta = is_real ? attributes.beta.real != 0 : attributes.beta.integer != 0;
  const Product product = {c.extent(2),
                           c.extent(1),
                           a.extent(1),
                           a.stride(2),
                           a.stride(1),
                           b.stride(2),
                           b.stride(1),
                           c.stride(2),
                           c.stride(1),
                           d.stride(2),
                           d.stride(1),
                           element_bits(attributes.alpha, number),
                           element_bits(attributes.beta, number),
                           has_beta,
                           has_bias,
                           attributes.activation,
                           0};
  Nest batch;
  const std::array<const Matrix*, kOperands> operands = {&c, &a, &b, &d};
  for (int i = 0; i < kOperands; ++i)
    batch.set_offset(i, offset_of(operands[static_cast<std::size_t>(i)]->view));
  for (std::size_t axis = 0; axis + 2 < out.shape().size(); ++axis) {
    Nest::Strides strides{};
    for (std::size_t i = 0; i < kOperands; ++i) strides[i] = operands[i]->view.strides()[axis];
    batch.add_axis(out.shape()[axis], strides);
  }
  batch.for_each_layout([&](const Layout& layout) {
    constexpr std::int64_t kRows = 4;
    const Range range = {
        {static_cast<std::size_t>((product.n + kLanes - 1) / kLanes),
         static_cast<std::size_t>((product.m + kRows - 1) / kRows), static_cast<std::size_t>(layout.size)},
        {8, 4, 1}};
    device.launch(KernelId::product, dtype, range, c.memory, a.memory, b.memory, d.memory, layout, product);
  });
}

}  // namespace tenon::opencl
