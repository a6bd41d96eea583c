// MATMUL in floating point, made of a plain product and the shared kernels.
#pragma once

#include "cpu/scratch.h"
#include "cpu/tensor.h"

#include <algorithm>

namespace tenon::cpu {

/// float32, float64 or bfloat16 with an activation that exists.
inline bool supports_matmul_in_parts(const plugin::Call& call) {
  const DLTensor& out = call.output().dlpack();
  const bool is_float = out.dtype.code == kDLFloat && (out.dtype.bits == 32 || out.dtype.bits == 64);
  if (!is_float && !(out.dtype.code == kDLBfloat && out.dtype.bits == 16)) return false;
  const std::uint32_t activation = call.attributes<tenon_matmul_attributes>().activation;
  if (activation == TENON_NO_ACTIVATION) return true;
  if (activation == TENON_UNARY_LOGICAL_NOT || activation == TENON_UNARY_ISNAN) return false;
  const tenon_member_attributes member = {sizeof(tenon_member_attributes), activation};
  const tenon_call frame = {sizeof(tenon_call), TENON_OP_UNARY, 1, 1, &out, &out, &member, nullptr};
  return supports(plugin::Call(frame));
}

/// Calls use(view) with `view`, or with a dense copy of it in T for the time of the call. Throws
/// std::bad_alloc and what `use` throws.
template <typename T, typename Use>
void in_dtype(const plugin::View& view, Use&& use) {
  if (view.dtype() == plugin::dtype_of<T>()) {
    use(view);
    return;
  }
  const Scratch memory(static_cast<std::size_t>(view.size()) * sizeof(T));
  const Tensor converted(memory.as<void>(), plugin::dtype_of<T>(), view.shape());
  run_member(TENON_OP_COPY, 0, {view.dlpack()}, converted.dlpack());
  use(converted.view());
}

/// The way for calls that a library cannot finish where the output lies: bfloat16, an output that is dense
/// along neither axis, k = 0, and alpha = 0 (for which a BLAS would not look at a and b). The product and all
/// that follows are made in T, the dtype of the output or float for bfloat16, in dense memory; one copy rounds
/// to the output's dtype. `product(alpha, sum)` fills the view `sum`, dense and of T, with alpha a b; alpha is
/// not 0. It is called unless k = 0. Throws std::bad_alloc and what `product` throws.
template <typename T, typename Product>
void matmul_in_parts(const plugin::Call& call, Product&& product) {
  constexpr DType kDType = plugin::dtype_of<T>();
  const auto& attributes = call.attributes<tenon_matmul_attributes>();
  const T alpha = static_cast<T>(attributes.alpha.real);
  const T beta = static_cast<T>(attributes.beta.real);
  const plugin::View out = call.output();
  const auto bytes = static_cast<std::size_t>(out.size()) * sizeof(T);
  const Scratch memory(bytes);
  const Tensor sum(memory.as<void>(), kDType, out.shape());
  const bool is_empty = call.input(0).shape().back() == 0;
  if (is_empty) {
    std::fill_n(memory.as<T>(), out.size(), T{0});
  } else {
    product(alpha == T{0} ? T{1} : alpha, sum.view());
  }
  T factor = alpha;
  const auto repeated = [&] { return Tensor::repeated(&factor, kDType, out.shape()); };
  if (alpha == T{0} && !is_empty) {
    const Tensor zero = repeated();
    run_member(TENON_OP_BINARY, TENON_BINARY_MUL, {sum.dlpack(), zero.dlpack()}, sum.dlpack());
  }
  if (beta != T{0}) {
    factor = beta;
    in_dtype<T>(out, [&](const plugin::View& old) {
      const Tensor scale = repeated();
      run_member(TENON_OP_TERNARY, TENON_TERNARY_MULTIPLY_ADD, {sum.dlpack(), scale.dlpack(), old.dlpack()},
                 sum.dlpack());
    });
  }
  if (call.num_inputs() == 3) {
    in_dtype<T>(call.input(2), [&](const plugin::View& bias) {
      run_member(TENON_OP_BINARY, TENON_BINARY_ADD, {sum.dlpack(), bias.dlpack()}, sum.dlpack());
    });
  }
  if (attributes.activation != TENON_NO_ACTIVATION) {
    run_member(TENON_OP_UNARY, attributes.activation, {sum.dlpack()}, sum.dlpack());
  }
  run_member(TENON_OP_COPY, 0, {sum.dlpack()}, out.dlpack());
}

}  // namespace tenon::cpu
