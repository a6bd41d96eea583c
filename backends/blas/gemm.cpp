#include "blas/gemm.h"

#include "cpu/scratch.h"

#include <algorithm>
#include <climits>

namespace tenon::blas {
namespace {

int as_int(std::int64_t value) { return static_cast<int>(value); }

/// Whether a vector of n elements can be passed with this increment.
bool is_increment(std::int64_t n, std::int64_t stride) { return n == 1 || (stride > 0 && stride <= INT_MAX); }

int increment(std::int64_t n, std::int64_t stride) { return n == 1 ? 1 : as_int(stride); }

/// c = alpha a b + beta c with a single row, made as two rows: a library that skips the zeros of vectors may
/// take a product with one row for one with a vector.
template <typename T>
void multiply_doubled(const CblasLibrary& library, T alpha, Matrix<const T> a, Matrix<const T> b, T beta,
                      Matrix<T> c) {
  const cpu::Scratch memory(static_cast<std::size_t>(2 * (a.columns + c.columns)) * sizeof(T));
  T* rows = memory.as<T>();
  T* result = rows + 2 * a.columns;
  for (std::int64_t i = 0; i < a.columns; ++i) rows[i] = rows[a.columns + i] = a.data[i * a.column_stride];
  for (std::int64_t j = 0; j < c.columns; ++j) {
    result[j] = result[c.columns + j] = beta == T{0} ? T{0} : c.data[j * c.column_stride];
  }
  multiply<T>(library, alpha, {rows, 2, a.columns, a.columns, 1}, b, beta,
              {result, 2, c.columns, c.columns, 1});
  for (std::int64_t j = 0; j < c.columns; ++j) c.data[j * c.column_stride] = result[j];
}

/// c = alpha a b + beta c, b and c being columns; false if CBLAS cannot take them so.
template <typename T>
bool multiply_vector(const CblasLibrary& library, T alpha, Matrix<const T> a, Matrix<const T> b, T beta,
                     Matrix<T> c) {
  if (!is_increment(b.rows, b.row_stride) || !is_increment(c.rows, c.row_stride)) return false;
  const Layout layout = layout_of(a.rows, a.columns, a.row_stride, a.column_stride);
  if (beta == T{0}) {
    // Some libraries scale what is there by 0, which keeps NaN.
    for (std::int64_t i = 0; i < c.rows; ++i) c.data[i * c.row_stride] = T{0};
    beta = T{1};
  }
  const bool flipped = layout.transpose == kTranspose;
  library.gemv<T>()(kRowMajor, layout.transpose, as_int(flipped ? a.columns : a.rows),
                    as_int(flipped ? a.rows : a.columns), alpha, a.data, layout.leading, b.data,
                    increment(b.rows, b.row_stride), beta, c.data, increment(c.rows, c.row_stride));
  return true;
}

}  // namespace

Layout layout_of(std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                 std::int64_t column_stride) {
  if ((column_stride == 1 || columns == 1) && (row_stride >= columns || rows == 1)) {
    const std::int64_t leading = rows == 1 ? columns : row_stride;
    if (leading <= INT_MAX) return {true, kNoTranspose, as_int(leading)};
  }
  if ((row_stride == 1 || rows == 1) && (column_stride >= rows || columns == 1)) {
    const std::int64_t leading = columns == 1 ? rows : column_stride;
    if (leading <= INT_MAX) return {true, kTranspose, as_int(leading)};
  }
  return {false, 0, 0};
}

bool is_output_layout(std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                      std::int64_t column_stride) {
  return layout_of(rows, columns, row_stride, column_stride).valid;
}

template <typename T>
void multiply(const CblasLibrary& library, T alpha, Matrix<const T> a, Matrix<const T> b, T beta,
              Matrix<T> c) {
  if (library.gemv<T>() == nullptr && c.rows == 1) {
    multiply_doubled(library, alpha, a, b, beta, c);
    return;
  }
  if (library.gemv<T>() == nullptr && c.columns == 1) {
    multiply_doubled(library, alpha, b.transposed(), a.transposed(), beta, c.transposed());
    return;
  }
  if (c.columns == 1 && multiply_vector(library, alpha, a, b, beta, c)) return;
  if (c.rows == 1 && multiply_vector(library, alpha, b.transposed(), a.transposed(), beta, c.transposed()))
    return;
  Layout to = layout_of(c.rows, c.columns, c.row_stride, c.column_stride);
  if (to.transpose == kTranspose) {  // c^T = b^T a^T
    const Matrix<const T> left = b.transposed();
    b = a.transposed();
    a = left;
    c = c.transposed();
  }
  const Layout from_a = layout_of(a.rows, a.columns, a.row_stride, a.column_stride);
  const Layout from_b = layout_of(b.rows, b.columns, b.row_stride, b.column_stride);
  library.gemm<T>()(kRowMajor, from_a.transpose, from_b.transpose, as_int(c.rows), as_int(c.columns),
                    as_int(a.columns), alpha, a.data, from_a.leading, b.data, from_b.leading, beta, c.data,
                    to.leading);
}

template void multiply(const CblasLibrary&, float, Matrix<const float>, Matrix<const float>, float,
                       Matrix<float>);
template void multiply(const CblasLibrary&, double, Matrix<const double>, Matrix<const double>, double,
                       Matrix<double>);

}  // namespace tenon::blas
