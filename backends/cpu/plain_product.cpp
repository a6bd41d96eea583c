// Blocks that stay in the caches, packed so that one small kernel sees dense panels (Goto & van de Geijn
// 2008, "Anatomy of high-performance matrix multiplication").
#include "cpu/plain_product.h"

#include "cpu/loop.h"
#include "cpu/scratch.h"
#include "cpu/tables.h"
#include "cpu/threads.h"

#include <algorithm>

namespace tenon::cpu {
namespace {

using plugin::View;

constexpr std::int64_t kGrain = 1 << 17;  // multiplications worth a thread
constexpr std::int64_t kRows = 96;        // of a block of a; a multiple of every kernel's rows
constexpr std::int64_t kColumns = 192;    // of a block of b; a multiple of every kernel's columns
constexpr std::int64_t kSummed = 256;

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

/// One matrix of a view's batch.
template <typename T>
struct Matrix {
  T* data;
  std::int64_t row_stride;
  std::int64_t column_stride;

  Matrix(const View& view, std::int64_t batch)
      : data(view.data<T>()),
        row_stride(view.strides()[view.strides().size() - 2]),
        column_stride(view.strides().back()) {
    for (std::size_t axis = view.shape().size() - 2; axis-- > 0;) {
      data += batch % view.shape()[axis] * view.strides()[axis];
      batch /= view.shape()[axis];
    }
  }
  [[nodiscard]] T* at(std::int64_t row, std::int64_t column) const {
    return data + row * row_stride + column * column_stride;
  }
};

/// Turns `lines` x `depth` elements into panels of `width` lines: to[panel][depth][width], filled up with
/// zeros.
template <typename T>
void pack(const T* from, std::int64_t line_stride, std::int64_t depth_stride, std::int64_t lines,
          std::int64_t depth, std::int64_t width, T* to) {
  for (std::int64_t first = 0; first < lines; first += width, to += depth * width) {
    const std::int64_t valid = std::min(width, lines - first);
    for (std::int64_t k = 0; k < depth; ++k) {
      const T* line = from + first * line_stride + k * depth_stride;
      T* const packed = to + k * width;
      for (std::int64_t i = 0; i < valid; ++i) packed[i] = line[i * line_stride];
      std::fill(packed + valid, packed + width, T{0});
    }
  }
}

/// The block of `c` that begins at (row, column), with memory for one packed block of each input.
template <typename T>
class Block {
 public:
  Block(T alpha, const Matrix<const T>& a, const Matrix<const T>& b, const Matrix<T>& c)
      : alpha_(alpha), a_(a), b_(b), c_(c) {}

  void multiply(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
                std::int64_t summed, T* packed_a, T* packed_b) const {
    const ProductKernel<T>& kernel = product_kernel<T>();
    for (std::int64_t k = 0; k < summed; k += kSummed) {
      const std::int64_t depth = std::min(kSummed, summed - k);
      pack<T>(a_.at(row, k), a_.row_stride, a_.column_stride, rows, depth, kernel.rows, packed_a);
      pack<T>(b_.at(k, column), b_.column_stride, b_.row_stride, columns, depth, kernel.columns, packed_b);
      for (std::int64_t j = 0; j < columns; j += kernel.columns) {
        for (std::int64_t i = 0; i < rows; i += kernel.rows) {
          alignas(64) T sums[kMaxProductTile];
          kernel.tile(packed_a + i * depth, packed_b + j * depth, static_cast<std::size_t>(depth), sums);
          store(sums, kernel.columns, k == 0, c_.at(row + i, column + j), std::min(kernel.rows, rows - i),
                std::min(kernel.columns, columns - j));
        }
      }
    }
  }

 private:
  void store(const T* sums, std::int64_t line, bool first, T* to, std::int64_t rows,
             std::int64_t columns) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        T& element = to[i * c_.row_stride + j * c_.column_stride];
        const T product = alpha_ * sums[i * line + j];
        element = first ? product : element + product;
      }
    }
  }

  T alpha_;
  Matrix<const T> a_;
  Matrix<const T> b_;
  Matrix<T> c_;
};

}  // namespace

template <typename T>
void plain_product(T alpha, const View& a, const View& b, const View& out) {
  const std::int64_t m = out.shape()[out.shape().size() - 2];
  const std::int64_t n = out.shape().back();
  const std::int64_t k = a.shape().back();
  if (out.size() == 0) return;
  const std::int64_t row_blocks = (m + kRows - 1) / kRows;
  const std::int64_t column_blocks = (n + kColumns - 1) / kColumns;
  const std::int64_t tasks = out.size() / (m * n) * row_blocks * column_blocks;
  const std::int64_t work = std::min(m, kRows) * std::min(n, kColumns) * k;
  const std::int64_t pieces =
      std::clamp<std::int64_t>(std::min<std::int64_t>(thread_count(), tasks * work / kGrain), 1, tasks);

  const std::int64_t depth = std::min(k, kSummed);
  const std::int64_t size_a = round_up(depth * round_up(std::min(m, kRows), product_kernel<T>().rows), 64);
  const std::int64_t size_b = depth * round_up(std::min(n, kColumns), product_kernel<T>().columns);
  const std::int64_t size = round_up(size_a + size_b, 64);
  const Scratch memory(static_cast<std::size_t>(pieces * size) * sizeof(T));
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      T* const packed_a = memory.as<T>() + piece * size;
      for (std::int64_t task = piece * tasks / pieces; task < (piece + 1) * tasks / pieces; ++task) {
        const std::int64_t column = task % column_blocks * kColumns;
        const std::int64_t row = task / column_blocks % row_blocks * kRows;
        const std::int64_t batch = task / column_blocks / row_blocks;
        const Block<T> block(alpha, {a, batch}, {b, batch}, {out, batch});
        block.multiply(row, std::min(kRows, m - row), column, std::min(kColumns, n - column), k, packed_a,
                       packed_a + size_a);
      }
    }
  });
}

template void plain_product(float, const View&, const View&, const View&);
template void plain_product(double, const View&, const View&, const View&);

}  // namespace tenon::cpu
