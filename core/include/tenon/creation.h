// Tensors out of nothing or out of C++ values. All are contiguous. They lie in the memory of the chosen backend
// (current_device() of device.h), those like another tensor beside it, unless a scope chose a backend.
#pragma once

#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/scalar.h>
#include <tenon/tensor.h>

#include <initializer_list>
#include <span>
#include <vector>

namespace tenon {

/// Uninitialised.
TENON_API Tensor empty(const Shape& shape, DType dtype = DType::float32);
TENON_API Tensor empty(const Shape& shape, DType dtype, const Device& device);
TENON_API Tensor full(const Shape& shape, Scalar value, DType dtype);
/// float32, int64 or bool, after the value.
TENON_API Tensor full(const Shape& shape, Scalar value);
TENON_API Tensor zeros(const Shape& shape, DType dtype = DType::float32);
TENON_API Tensor ones(const Shape& shape, DType dtype = DType::float32);
TENON_API Tensor empty_like(const Tensor& x);
TENON_API Tensor full_like(const Tensor& x, Scalar value);
TENON_API Tensor zeros_like(const Tensor& x);
TENON_API Tensor ones_like(const Tensor& x);

/// start, start + step, ... up to but without stop: ceil((stop - start) / step) values. int64 if all three
/// are integers, else float32, unless `dtype` is given. Throws IndexError if step is 0 or leads away from
/// stop.
TENON_API Tensor arange(Scalar start, Scalar stop, Scalar step = 1);
TENON_API Tensor arange(Scalar start, Scalar stop, Scalar step, DType dtype);
TENON_API Tensor arange(Scalar stop);
/// Ones where column - row == offset, on [rows, columns].
TENON_API Tensor eye(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                     DType dtype = DType::float32);
TENON_API Tensor eye(std::int64_t n, DType dtype = DType::float32);

/// A copy of `values` in row-major order. Throws ShapeError unless their number is the shape's.
template <typename T>
Tensor from_values(std::span<const T> values, const Shape& shape);
template <typename T>
Tensor from_values(const std::vector<T>& values, const Shape& shape) {
  return from_values(std::span<const T>(values), shape);
}
template <typename T>
Tensor from_values(std::initializer_list<T> values, const Shape& shape) {
  return from_values(std::span<const T>(values.begin(), values.size()), shape);
}
/// A vector, of the dtype that `T` is: from_values({1.0F, 2.0F}) is float32.
template <typename T>
Tensor from_values(std::initializer_list<T> values) {
  return from_values(std::span<const T>(values.begin(), values.size()),
                     Shape{static_cast<std::int64_t>(values.size())});
}
/// A copy of raw row-major elements. `bytes` must be what the shape needs. Throws ShapeError.
TENON_API Tensor from_bytes(std::span<const std::byte> bytes, const Shape& shape, DType dtype);

template <typename T>
Tensor from_values(std::span<const T> values, const Shape& shape) {
  return from_bytes(std::as_bytes(values), shape, dtype_of<T>());
}

}  // namespace tenon
