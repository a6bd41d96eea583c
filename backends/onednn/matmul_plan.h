// How one concrete MATMUL is done: decided once, then kept.
#pragma once

#include "onednn/matmul_problem.h"
#include "onednn/primitive.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace tenon::onednn {

/// oneDNN's limit.
inline constexpr int kMaxRank = 12;

/// The shape and strides of an operand, or of a part of it; counts axes as oneDNN does.
struct Layout {
  int rank = 0;
  std::int64_t shape[kMaxRank];
  std::int64_t strides[kMaxRank];

  void add(std::int64_t extent, std::int64_t stride) {
    shape[rank] = extent;
    strides[rank++] = stride;
  }
  [[nodiscard]] std::int64_t size() const {
    std::int64_t size = 1;
    for (int i = 0; i < rank; ++i) size *= shape[i];
    return size;
  }
  /// Valid as long as this layout is.
  [[nodiscard]] DLTensor tensor(void* data, DLDataType dtype) const {
    return {
        data, {kDLCPU, 0}, rank, dtype, const_cast<std::int64_t*>(shape), const_cast<std::int64_t*>(strides),
        0};
  }
};

/// Two layouts of one shape, and a copy between them.
struct Move {
  Layout from;
  Layout to;
};

enum class Way : std::uint8_t {
  primitive,  ///< by the plan's primitive
  in_parts,   ///< a plain product in float32 first, the rest by the shared kernels
  shared      ///< by the shared kernels
};

struct MatmulPlan {
  Way way = Way::shared;
  /// Of `primitive`; arguments are a, b, the bias if `fuses_bias`, out.
  std::optional<Primitive> primitive;
  bool transposed = false;  ///< the primitive's a is our b, and the other way round
  bool fuses_bias = false;
  bool fuses_activation = false;
  /// The dense copy of the primitive's a or b, if oneDNN cannot take its layout, or only to its reference loops.
  std::optional<Move> packed_a;
  std::optional<Move> packed_b;
  std::optional<Move> aside;  ///< the primitive writes to scratch memory, and this copies from there to out
};

/// Throws dnnl::error only for a failure, not for a primitive that oneDNN lacks.
std::shared_ptr<const MatmulPlan> make_matmul_plan(const plugin::Call& call);

/// Whether oneDNN multiplies bfloat16 on this CPU, other than by its reference loops. Asked once.
bool multiplies_bfloat16();

}  // namespace tenon::onednn
