// Shapes and strides, and the arithmetic on them.
#pragma once

#include <tenon/export.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace tenon {

/// The highest rank of a tensor; TENON_MAX_RANK of the plugin contract.
inline constexpr std::size_t kMaxRank = 32;

/// Up to kMaxRank integers, held in place: a shape, strides or a list of axes. Copies only what is used.
class TENON_API Dims {
 public:
  using value_type = std::int64_t;

  Dims() = default;
  /// Throws ShapeError beyond kMaxRank values, like all that makes a Dims longer.
  Dims(std::initializer_list<std::int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const std::int64_t> values);
  Dims(std::size_t count, std::int64_t value);
  Dims(const Dims& other) : size_(other.size_) { std::copy_n(other.values_.data(), size_, values_.data()); }
  Dims& operator=(const Dims& other) {
    size_ = other.size_;
    if (this != &other) std::copy_n(other.values_.data(), size_, values_.data());
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::int64_t* data() { return values_.data(); }
  [[nodiscard]] const std::int64_t* data() const { return values_.data(); }
  [[nodiscard]] std::int64_t* begin() { return data(); }
  [[nodiscard]] std::int64_t* end() { return data() + size_; }
  [[nodiscard]] const std::int64_t* begin() const { return data(); }
  [[nodiscard]] const std::int64_t* end() const { return data() + size_; }
  std::int64_t& operator[](std::size_t i) { return values_[i]; }
  const std::int64_t& operator[](std::size_t i) const { return values_[i]; }
  [[nodiscard]] const std::int64_t& back() const { return values_[size_ - 1]; }
  void push_back(std::int64_t value);
  /// Puts `value` before position `i`.
  void insert(std::size_t i, std::int64_t value);
  void erase(std::size_t i);

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (a.values_[i] != b.values_[i]) return false;
    }
    return true;
  }

 private:
  std::size_t size_ = 0;
  std::array<std::int64_t, kMaxRank> values_;  // only the first size_ mean anything
};

using Shape = Dims;
using Strides = Dims;  ///< in elements
using Axes = Dims;     ///< empty where a function says that empty means all

/// "(2, 3)", "(5,)", "()".
TENON_API std::string to_string(const Dims& dims);

/// The number of elements. Throws ShapeError on a negative extent or beyond 2^63 - 1.
TENON_API std::int64_t element_count(const Shape& shape);

/// Row-major strides.
TENON_API Strides contiguous_strides(const Shape& shape);

/// `axis` in [-rank, rank) as one in [0, rank). Throws IndexError tagged with `op`.
TENON_API std::size_t normalize_axis(std::string_view op, std::int64_t axis, std::size_t rank);

/// The axes as a bit mask; none given means all. Throws IndexError tagged with `op` on one out of range or
/// twice.
TENON_API std::uint32_t axis_mask(std::string_view op, const Axes& axes, std::size_t rank);

/// The shape that both broadcast to (NumPy's rule: aligned at the last axis, 1 stretches). Throws ShapeError
/// tagged with `op` that names the axis.
TENON_API Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b);

/// The strides with which a tensor of `shape` and `strides` is read as `to`: zero on stretched axes.
/// `shape` must broadcast to `to`.
TENON_API Strides broadcast_strides(const Shape& shape, const Strides& strides, const Shape& to);

}  // namespace tenon
