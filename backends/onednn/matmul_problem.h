// A MATMUL call in its simplest form: at most one row, one column and one summed axis, and few batch axes.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <cstdint>

namespace tenon::onednn {

enum Operand : std::uint8_t { kA, kB, kOut, kBias };
inline constexpr int kOperands = 4;

/// An axis that the operands step along, each with its own stride; 0 where it lacks the axis or repeats
/// itself.
struct Axis {
  std::int64_t extent = 1;
  std::int64_t stride[kOperands] = {};
};

/// One operand's matrix. In oneDNN's terms a layout is plain if either stride is 1.
struct Matrix {
  const Axis* row;
  const Axis* column;
};

struct MatmulProblem {
  /// Without axes of extent 1; batch axes that all operands step through as through one are one; those along
  /// which b is repeated join the rows, those along which a is repeated the columns, where strides allow.
  explicit MatmulProblem(const plugin::Call& call);

  /// The transposed problem: out^T = b^T a^T.
  void transpose();

  [[nodiscard]] Matrix matrix(Operand operand) const;

  DType input_dtype;
  DType output_dtype;
  bool has_bias;
  int batches = 0;
  Axis batch[TENON_MAX_RANK];  // outermost first
  Axis row;
  Axis column;
  Axis summed;
};

}  // namespace tenon::onednn
