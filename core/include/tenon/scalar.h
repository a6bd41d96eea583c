#pragma once

#include <tenon/dtype.h>

#include <concepts>
#include <cstdint>

namespace tenon {

/// A number that takes part in an op without a dtype of its own: beside a tensor it only raises the
/// category (bool, integer, floating), as in PyTorch: int32 + 2 is int32, int32 + 2.5 is float32,
/// float32 * 2.5 is float32.
class Scalar {
 public:
  Scalar(bool value) : kind_(DType::boolean), real_(value ? 1 : 0), integer_(value ? 1 : 0) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Scalar(T value)
      : kind_(DType::int64), real_(static_cast<double>(value)), integer_(static_cast<std::int64_t>(value)) {}
  template <std::floating_point T>
  Scalar(T value)
      : kind_(DType::float64),
        real_(static_cast<double>(value)),
        integer_(plugin::cast_element<std::int64_t>(static_cast<double>(value))) {}

  [[nodiscard]] double real() const { return real_; }
  [[nodiscard]] std::int64_t integer() const { return integer_; }
  /// boolean, int64 or float64.
  [[nodiscard]] DType kind() const { return kind_; }

  /// Both spellings, as the contract's ops want them for `dtype`: to bool, any number but 0 is 1.
  [[nodiscard]] tenon_number as(DType dtype) const {
    if (dtype == DType::boolean) return {real_ != 0 ? 1.0 : 0.0, real_ != 0 ? 1 : 0};
    return {real_, integer_};
  }

  /// The dtype of this number beside a tensor of `dtype`.
  [[nodiscard]] DType beside(DType dtype) const {
    if (is_floating(dtype) || kind_ == DType::boolean) return dtype;
    if (kind_ == DType::float64) return DType::float32;
    return dtype == DType::boolean ? DType::int64 : dtype;
  }

 private:
  DType kind_;
  double real_;
  std::int64_t integer_;
};

}  // namespace tenon
