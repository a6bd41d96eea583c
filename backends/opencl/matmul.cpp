// MATMUL: our own kernel, which takes any strides and does the whole epilogue, or CLBlast and an epilogue.
#include "opencl/blast.h"
#include "opencl/families.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

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
  cl_uint parts;
  cl_long part_size;
};

/// In the order of the kernel's layouts.
enum Role : std::uint8_t { kOut, kA, kB, kBias };

/// An operand: its memory, and a view whose last two axes are a matrix. Not movable, for the view points into it.
class Matrix {
 public:
  explicit Matrix(const View& view) : tensor_(view.dlpack()) {}
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  [[nodiscard]] View view() const { return View(tensor_); }
  [[nodiscard]] cl_mem memory() const { return memory_of(view()); }
  [[nodiscard]] std::int64_t rows() const { return tensor_.shape[tensor_.ndim - 2]; }
  [[nodiscard]] std::int64_t columns() const { return tensor_.shape[tensor_.ndim - 1]; }
  [[nodiscard]] std::int64_t row_stride() const { return tensor_.strides[tensor_.ndim - 2]; }
  [[nodiscard]] std::int64_t column_stride() const { return tensor_.strides[tensor_.ndim - 1]; }

  /// How many bytes lay_out_densely() needs.
  [[nodiscard]] std::size_t dense_bytes() const {
    std::size_t bytes = tensor_.dtype.bits / 8U;
    for (int axis = 0; axis < tensor_.ndim; ++axis) bytes *= static_cast<std::size_t>(distinct(axis));
    return bytes;
  }
  /// Copies the elements, row by row, each once, and looks at the copy from now on.
  void lay_out_densely(Device& device, cl_mem memory) {
    DLTensor from = tensor_;
    from.shape = shape_.data();
    std::int64_t stride = 1;
    for (int axis = tensor_.ndim; axis-- > 0;) {
      const auto at = static_cast<std::size_t>(axis);
      shape_[at] = distinct(axis);
      strides_[at] = shape_[at] == 1 && tensor_.shape[axis] != 1 ? 0 : stride;
      stride *= shape_[at];
    }
    DLTensor to = from;
    to.strides = strides_.data();
    to.byte_offset = 0;
    copy_elements(device, memory, View(to), this->memory(), View(from));
    tensor_.data = memory;
    tensor_.byte_offset = 0;
    tensor_.strides = strides_.data();
  }

 private:
  /// The extent, or 1 where it repeats one element.
  [[nodiscard]] std::int64_t distinct(int axis) const {
    return tensor_.strides[axis] == 0 && tensor_.shape[axis] > 0 ? 1 : tensor_.shape[axis];
  }

  DLTensor tensor_;
  std::array<std::int64_t, TENON_MAX_RANK> shape_{};
  std::array<std::int64_t, TENON_MAX_RANK> strides_{};
};

Nest batch_of(const std::array<const Matrix*, kOperands>& operands) {
  Nest batch;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    batch.set_offset(static_cast<int>(i), offset_of(operands[i]->view()));
  }
  const auto shape = operands[kOut]->view().shape();
  for (std::size_t axis = 0; axis + 2 < shape.size(); ++axis) {
    Nest::Strides strides{};
    for (std::size_t i = 0; i < operands.size(); ++i) strides[i] = operands[i]->view().strides()[axis];
    batch.add_axis(shape[axis], strides);
  }
  return batch;
}

/// False, and nothing done, if CLBlast is not to have the call or cannot take it.
bool run_by_blast(Device& device, const Call& call, const Nest& batch,
                  const std::array<const Matrix*, kOperands>& operands) {
  const auto attributes = call.attributes<tenon_matmul_attributes>();
  const DType dtype = call.output().dtype();
  const bool is_blast_dtype = dtype == DType::float32 || dtype == DType::float64;
  // alpha = 0 must not hide a NaN, and CLBlast wants k > 0.
  if (!is_blast_dtype || attributes.alpha.real == 0 || operands[kA]->columns() == 0) return false;
  const std::int64_t work = operands[kOut]->rows() * operands[kOut]->columns() * operands[kA]->columns();
  if (batch.rank() > 1 || !wants_blast(device, work)) return false;
  bool done = false;
  batch.for_each_layout([&](const Layout& layout) {
    const auto matrix = [&](Role role) {
      const Matrix& x = *operands[role];
      return BlastMatrix{x.memory(),        layout.offset[role],   x.rows(), x.columns(), x.row_stride(),
                         x.column_stride(), layout.stride[role][0]};
    };
    done = multiply_by_blast(device, dtype, attributes.alpha.real, matrix(kA), matrix(kB),
                             attributes.beta.real, matrix(kOut), layout.size);
  });
  const cl_uint has_bias = call.num_inputs() == 3 ? 1 : 0;
  if (!done || (has_bias == 0 && attributes.activation == TENON_NO_ACTIVATION)) return done;
  const cl_uint activation = attributes.activation;
  Nest({operands[kOut]->view(), operands[kBias]->view()}).for_each_layout([&](const Layout& layout) {
    device.launch(KernelId::epilogue, dtype, lanes(layout), operands[kOut]->memory(),
                  operands[kBias]->memory(), layout, has_bias, activation);
  });
  return true;
}

constexpr std::int64_t kRows = 4;  // ROWS of matmul.cl
constexpr std::int64_t kGroupRows = 4;
constexpr std::int64_t kGroupColumns = 8;

std::int64_t pieces(std::int64_t extent, std::int64_t size) { return (extent + size - 1) / size; }

/// Into how many parts k is cut: several where the work-items, or on a CPU the groups, which its threads take
/// whole, would be too few for the device.
std::int64_t parts_of(std::int64_t k, std::int64_t tile_rows, std::int64_t tile_columns, std::int64_t batches,
                      bool is_cpu) {
  constexpr std::int64_t kShortest = 512;
  constexpr std::int64_t kMost = 512;  // for one work-item adds them
  constexpr std::int64_t kCpuGroups = 64;
  constexpr std::int64_t kGpuItems = 16384;
  const std::int64_t wanted =
      is_cpu ? kCpuGroups / (pieces(tile_rows, kGroupRows) * pieces(tile_columns, kGroupColumns) * batches)
             : kGpuItems / (tile_rows * tile_columns * batches);
  return std::max<std::int64_t>(1, std::min({wanted, k / kShortest, kMost}));
}

/// Null where memory lacks: it is slower without.
std::unique_ptr<Scratch> optional_scratch(Device& device, std::size_t bytes) {
  try {
    return std::make_unique<Scratch>(device, bytes);
  } catch (const plugin::OutOfDeviceMemory&) {
    return nullptr;
  }
}

void run_by_kernel(Device& device, const Call& call, const Nest& batch,
                   const std::array<const Matrix*, kOperands>& operands) {
  const auto attributes = call.attributes<tenon_matmul_attributes>();
  const DType dtype = call.output().dtype();
  const DType number = dtype == DType::bfloat16 ? DType::float32 : dtype;
  const bool has_beta = plugin::is_floating(dtype) ? attributes.beta.real != 0 : attributes.beta.integer != 0;
  const Matrix& out = *operands[kOut];
  const Matrix& a = *operands[kA];
  const Matrix& b = *operands[kB];
  const Matrix& bias = *operands[kBias];
  Product product = {out.rows(),
                     out.columns(),
                     a.columns(),
                     a.row_stride(),
                     a.column_stride(),
                     b.row_stride(),
                     b.column_stride(),
                     out.row_stride(),
                     out.column_stride(),
                     bias.row_stride(),
                     bias.column_stride(),
                     element_bits(attributes.alpha, number),
                     element_bits(attributes.beta, number),
                     has_beta ? 1U : 0U,
                     call.num_inputs() == 3 ? 1U : 0U,
                     attributes.activation,
                     1,
                     a.columns()};
  const std::int64_t tile_rows = pieces(out.rows(), kRows);
  const std::int64_t tile_columns = pieces(out.columns(), kLanes);
  const bool is_wide = dtype == DType::float64 || dtype == DType::int64;
  batch.for_each_layout([&](const Layout& layout) {
    const auto range = [&](std::int64_t parts) {
      return Range{{static_cast<std::size_t>(tile_columns), static_cast<std::size_t>(tile_rows),
                    static_cast<std::size_t>(layout.size * parts)},
                   {kGroupColumns, kGroupRows, 1}};
    };
    std::int64_t parts = parts_of(a.columns(), tile_rows, tile_columns, layout.size, device.is_cpu());
    const std::int64_t sums = parts > 1 ? parts * layout.size * tile_rows * kRows * tile_columns * kLanes : 0;
    const auto partials = optional_scratch(device, static_cast<std::size_t>(sums) * (is_wide ? 8 : 4));
    if (!partials) parts = 1;
    product.parts = static_cast<cl_uint>(parts);
    product.part_size = pieces(a.columns(), parts);
    if (parts == 1) {
      device.launch(KernelId::product, dtype, range(1), out.memory(), a.memory(), b.memory(), bias.memory(),
                    layout, product);
      return;
    }
    device.launch(KernelId::product_parts, dtype, range(parts), partials->memory(), a.memory(), b.memory(),
                  layout, product);
    device.launch(KernelId::add_parts, dtype, range(1), out.memory(), bias.memory(), partials->memory(),
                  layout, product);
  });
}

}  // namespace

void run_matmul(Device& device, const Call& call) {
  const View output = call.output();
  if (output.size() == 0) return;
  const Matrix out(output);
  const Matrix a(call.input(0));
  Matrix b(call.input(1));
  const Matrix bias(call.num_inputs() == 3 ? call.input(2) : output);
  const std::array<const Matrix*, kOperands> operands = {&out, &a, &b, &bias};
  if (run_by_blast(device, call, batch_of(operands), operands)) return;
  // The kernel reads neighbours of b's rows, over and over: worth a copy where they do not lie side by side.
  constexpr std::int64_t kReuse = 8;
  const bool scattered =
      b.column_stride() != 1 && b.columns() >= kLanes && a.rows() >= kReuse && b.rows() > 0;
  const auto dense = scattered ? optional_scratch(device, b.dense_bytes()) : nullptr;
  if (dense) b.lay_out_densely(device, dense->memory());
  run_by_kernel(device, call, batch_of(operands), operands);
}

}  // namespace tenon::opencl
