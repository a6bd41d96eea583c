// Operands of a call that lie in another memory than the one where it runs.
#pragma once

#include <tenon/plugin/abi.h>

#include <array>
#include <cstdint>
#include <span>

#include "selection.h"

namespace tenon::dispatch {

struct Operand;

inline constexpr std::size_t kMostInputs = 3;

/// The view for a call frame. `strides` and `shape` must outlive it.
DLTensor frame_of(const Tensor& tensor, const Shape& shape, const Strides& strides);

/// Copies of what lies elsewhere in the memory of a target, for one call.
class Relocation {
 public:
  /// `inputs` as the call reads them. If `updates`, the output's old contents count.
  Relocation(const Target& target, std::span<const Operand> inputs, const Tensor& output, bool updates);

  [[nodiscard]] const DLTensor* inputs() const { return inputs_.data(); }
  [[nodiscard]] const DLTensor* output() const { return &output_frame_; }
  /// Brings the result to where the output lies.
  void finish();
  /// Bytes copied so far, but for tensors of one element.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] Tensor filled(const Tensor& number) const;
  Tensor moved(const Tensor& tensor);

  const Target& target_;
  const Tensor& output_;
  std::array<Tensor, kMostInputs> copies_;
  std::array<Strides, kMostInputs> strides_;
  Tensor output_copy_;
  std::array<DLTensor, kMostInputs> inputs_;
  DLTensor output_frame_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tenon::dispatch
