// How one concrete MATMUL is done: decided once, then kept.
#pragma once

#include "onednn/layout.h"
#include "onednn/matmul_problem.h"
#include "onednn/primitive.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace tenon::onednn {

/// Two layouts of one shape, and a copy between them.
struct Move {
  Layout from;
  Layout to;
};

/// What dnnl_sgemm takes beside the data.
struct Gemm {
  char transpose_a;
  char transpose_b;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  std::int64_t lda;
  std::int64_t ldb;
  std::int64_t ldc;
  float alpha;
  float beta;
};

enum class Way : std::uint8_t {
  primitive,  ///< by the plan's primitive
  gemm,       ///< by dnnl_sgemm
  in_parts,   ///< a plain product in float32 first, the rest by the shared kernels
  shared      ///< by the shared kernels
};

struct MatmulPlan {
  Way way = Way::shared;
  int threads = 1;  ///< of those that the call may use
  /// Of Way::primitive; arguments are a, b, the bias if `fuses_bias`, out.
  std::optional<Primitive> primitive;
  Gemm gemm;
  Layout a;  ///< of the product's operands, as oneDNN gets them
  Layout b;
  Layout out;
  bool transposed = false;  ///< the product's a is our b, and the other way round
  bool fuses_bias = false;
  bool fuses_activation = false;
  /// The dense copy of the product's a or b, if oneDNN cannot take its layout, or has reference loops for it.
  std::optional<Move> packed_a;
  std::optional<Move> packed_b;
  std::optional<Move> aside;  ///< the product is written to scratch memory, and this copies from there to out
};

/// For a call that may use `threads` threads. Throws dnnl::error only for a failure, not for a primitive that
/// oneDNN lacks.
std::shared_ptr<const MatmulPlan> make_matmul_plan(const plugin::Call& call, int threads);

}  // namespace tenon::onednn
