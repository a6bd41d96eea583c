#include "opencl/blast.h"

#include <clblast.h>

#include <tenon/plugin/backend.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

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

/// How many of the batches a launch takes: devices count work-groups in 16 bits.
constexpr std::int64_t kMostBatches = 32768;

/// CLBlast indexes in 32 bits, and pads matrices to multiples of its tiles.
bool fits(const BlastMatrix& x, std::int64_t batches) {
  constexpr std::int64_t kTile = 128;
  constexpr std::int64_t kLimit = std::numeric_limits<std::int32_t>::max();
  const auto padded = [](std::int64_t extent) { return (extent + kTile - 1) / kTile * kTile; };
  const std::int64_t last = x.offset + (batches - 1) * x.batch_stride + (x.rows - 1) * x.row_stride +
                            (x.columns - 1) * x.column_stride;
  return last < kLimit && padded(x.rows) <= kLimit / padded(x.columns) / std::min(batches, kMostBatches);
}

struct Operand {
  const BlastMatrix& matrix;
  Layout layout;

  [[nodiscard]] std::vector<std::size_t> offsets(std::int64_t first, std::int64_t count) const {
    std::vector<std::size_t> offsets;
    offsets.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      offsets.push_back(static_cast<std::size_t>(matrix.offset + (first + i) * matrix.batch_stride));
    }
    return offsets;
  }
};

/// Of `count` batches from `first` on. Not by GemmStridedBatched: up to CLBlast 1.6 it forgets offsets, and
/// strides other than a dense matrix's.
template <typename T>
clblast::StatusCode multiply(cl_command_queue* queue, T alpha, const Operand& a, const Operand& b, T beta,
                             const Operand& c, std::int64_t first, std::int64_t count) {
  const auto m = static_cast<std::size_t>(c.matrix.rows);
  const auto n = static_cast<std::size_t>(c.matrix.columns);
  const auto k = static_cast<std::size_t>(a.matrix.columns);
  const std::vector<std::size_t> a_offsets = a.offsets(first, count);
  const std::vector<std::size_t> b_offsets = b.offsets(first, count);
  const std::vector<std::size_t> c_offsets = c.offsets(first, count);
  if (count == 1) {
    return clblast::Gemm<T>(clblast::Layout::kRowMajor, a.layout.transpose, b.layout.transpose, m, n, k,
                            alpha, a.matrix.memory, a_offsets[0], a.layout.leading, b.matrix.memory,
                            b_offsets[0], b.layout.leading, beta, c.matrix.memory, c_offsets[0],
                            c.layout.leading, queue);
  }
  const std::vector<T> alphas(a_offsets.size(), alpha);
  const std::vector<T> betas(a_offsets.size(), beta);
  return clblast::GemmBatched<T>(clblast::Layout::kRowMajor, a.layout.transpose, b.layout.transpose, m, n, k,
                                 alphas.data(), a.matrix.memory, a_offsets.data(), a.layout.leading,
                                 b.matrix.memory, b_offsets.data(), b.layout.leading, betas.data(),
                                 c.matrix.memory, c_offsets.data(), c.layout.leading, a_offsets.size(),
                                 queue);
}

}  // namespace

bool wants_blast(const Device& device, std::int64_t multiplications) {
  const char* const variable = secure_getenv("TENON_OPENCL_CLBLAST");
  const std::string_view wish = variable == nullptr ? "" : variable;
  return wish == "1" || (wish != "0" && !device.is_cpu() && multiplications >= kSmallest);
}

bool multiply_by_blast(Device& device, DType dtype, double alpha, const BlastMatrix& a, const BlastMatrix& b,
                       double beta, const BlastMatrix& c, std::int64_t batches) {
  const Operand left = {a, layout_of(a)};
  const Operand right = {b, layout_of(b)};
  const Operand out = {c, layout_of(c)};
  const bool possible = left.layout.possible && right.layout.possible && out.layout.possible &&
                        out.layout.transpose == clblast::Transpose::kNo && fits(a, batches) &&
                        fits(b, batches) && fits(c, batches);
  if (!possible) return false;
  for (std::int64_t first = 0; first < batches; first += kMostBatches) {
    const std::int64_t count = std::min(batches - first, kMostBatches);
    const clblast::StatusCode status =
        dtype == DType::float32 ? multiply(device.queue(), static_cast<float>(alpha), left, right,
                                           static_cast<float>(beta), out, first, count)
                                : multiply(device.queue(), alpha, left, right, beta, out, first, count);
    if (status == clblast::StatusCode::kSuccess) {
      Device::count_launch();
      continue;
    }
    // CLBlast's codes are OpenCL's where OpenCL has them.
    const OpenClError error("clblast::Gemm", static_cast<cl_int>(status));
    if (first > 0) throw error;
    // It writes out in its last kernel only: ours can still do the call.
    static std::atomic_flag said;
    if (!said.test_and_set()) {
      plugin::host->log(kWarning, (std::string("[opencl] ") + error.what() +
                                   "; our own kernels do what CLBlast fails at (said once)")
                                      .c_str());
    }
    return false;
  }
  return true;
}

}  // namespace tenon::opencl
