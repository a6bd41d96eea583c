// One matrix product of any strides, as calls of CBLAS.
#pragma once

#include "blas/cblas_library.h"

#include <cstdint>

namespace tenon::blas {

/// A matrix in memory; strides in elements. Owns nothing.
template <typename T>
struct Matrix {
  T* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t row_stride;
  std::int64_t column_stride;

  [[nodiscard]] Matrix transposed() const { return {data, columns, rows, column_stride, row_stride}; }
};

/// How CBLAS names a layout: a leading dimension and a transpose flag. `valid` is false where it cannot.
struct Layout {
  bool valid;
  int transpose;
  int leading;
};

Layout layout_of(std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                 std::int64_t column_stride);

/// Whether `c` can be the result of multiply(): dense along rows or along columns.
bool is_output_layout(std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                      std::int64_t column_stride);

/// c = alpha a b + beta c, with alpha not 0 and no extent 0. The layouts of a and b must be valid, that of c
/// an output layout. If beta is 0, what c held does not matter.
/// Throws std::bad_alloc, and that only with a single row or column and a library without gemv().
template <typename T>
void multiply(const CblasLibrary& library, T alpha, Matrix<const T> a, Matrix<const T> b, T beta,
              Matrix<T> c);

}  // namespace tenon::blas
