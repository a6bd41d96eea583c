#include "opencl/blast.h"

#include <clblast.h>

#include <cstdlib>
#include <string_view>

namespace tenon::opencl {
namespace {

/// Below this many multiplications our own kernel, which needs no second pass for bias and activation, is taken.
constexpr std::int64_t kSmallest = std::int64_t{64} * 64 * 64;

/// Dense along its rows or along its columns, without overlap.
struct Layout {
  clblast::Transpose transpose;
  std::size_t leading;
  bool possible;
};

Layout layout_of(const BlastMatrix& x) {
  const bool row_is_dense = x.columns == 1 || x.column_stride == 1;
  const bool column_is_dense = x.rows == 1 || x.row_stride == 1;
  if (row_is_dense && (x.rows == 1 || x.row_stride >= x.columns)) {
    return {clblast::Transpose::kNo, static_cast<std::size_t>(x.rows == 1 ? x.columns : x.row_stride), true};
  }
  if (column_is_dense && (x.columns == 1 || x.column_stride >= x.rows)) {
    return {clblast::Transpose::kYes, static_cast<std::size_t>(x.columns == 1 ? x.rows : x.column_stride),
            true};
  }
  return {clblast::Transpose::kNo, 0, false};
}

template <typename T>
clblast::StatusCode multiply(cl_command_queue* queue, T alpha, const BlastMatrix& a, const Layout& a_layout,
                             const BlastMatrix& b, const Layout& b_layout, T beta, const BlastMatrix& c,
                             const Layout& c_layout, std::int64_t batches) {
  const auto size = [](std::int64_t value) { return static_cast<std::size_t>(value); };
  if (batches == 1) {
    return clblast::Gemm<T>(clblast::Layout::kRowMajor, a_layout.transpose, b_layout.transpose, size(c.rows),
                            size(c.columns), size(a.columns), alpha, a.memory, size(a.offset),
                            a_layout.leading, b.memory, size(b.offset), b_layout.leading, beta, c.memory,
                            size(c.offset), c_layout.leading, queue);
  }
  return clblast::GemmStridedBatched<T>(
      clblast::Layout::kRowMajor, a_layout.transpose, b_layout.transpose, size(c.rows), size(c.columns),
      size(a.columns), alpha, a.memory, size(a.offset), a_layout.leading, size(a.batch_stride), b.memory,
      size(b.offset), b_layout.leading, size(b.batch_stride), beta, c.memory, size(c.offset),
      c_layout.leading, size(c.batch_stride), size(batches), queue);
}

}  // namespace

bool wants_blast(const Device& device, std::int64_t multiplications) {
  const char* const variable = secure_getenv("TENON_OPENCL_CLBLAST");
  const std::string_view wish = variable == nullptr ? "" : variable;
  return wish == "1" || (wish != "0" && !device.is_cpu() && multiplications >= kSmallest);
}

bool multiply_by_blast(Device& device, DType dtype, double alpha, const BlastMatrix& a, const BlastMatrix& b,
                       double beta, const BlastMatrix& c, std::int64_t batches) {
  const Layout a_layout = layout_of(a);
  const Layout b_layout = layout_of(b);
  const Layout c_layout = layout_of(c);
  const bool possible = a_layout.possible && b_layout.possible && c_layout.possible &&
                        c_layout.transpose == clblast::Transpose::kNo;
  if (!possible) return false;
  const clblast::StatusCode status =
      dtype == DType::float32
          ? multiply(device.queue(), static_cast<float>(alpha), a, a_layout, b, b_layout,
                     static_cast<float>(beta), c, c_layout, batches)
          : multiply(device.queue(), alpha, a, a_layout, b, b_layout, beta, c, c_layout, batches);
  // CLBlast's codes are OpenCL's where OpenCL has them.
  check(static_cast<cl_int>(status), "clblast::Gemm");
  return true;
}

}  // namespace tenon::opencl
