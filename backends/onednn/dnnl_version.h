// Everything in which oneDNN 2.x and 3.x differ for us: 3 makes primitive descriptors without operation
// descriptors, scales products by a post-op, and its post-ops have no scale of their own.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <string_view>

namespace tenon::onednn {

#if DNNL_VERSION_MAJOR >= 3
inline constexpr bool kVersion3 = true;
#else
inline constexpr bool kVersion3 = false;
#endif

using dnnl::memory;

/// The first of oneDNN's implementations whose name `accepts`. `bias` may be an empty descriptor. Throws
/// dnnl::error, dnnl_unimplemented if there is none.
template <typename Accepts>
dnnl::matmul::primitive_desc matmul_descriptor(const dnnl::engine& engine, const memory::desc& a,
                                               const memory::desc& b, const memory::desc& bias,
                                               const memory::desc& out,
                                               const dnnl::primitive_attr& attributes, Accepts&& accepts) {
#if DNNL_VERSION_MAJOR >= 3
  dnnl::matmul::primitive_desc found(engine, a, b, bias, out, attributes);
#else
  const dnnl::matmul::desc operation(a, b, bias, out);  // next_impl() reads it again
  dnnl::matmul::primitive_desc found(operation, attributes, engine);
#endif
  while (!accepts(std::string_view(found.impl_info_str()))) {
    if (!found.next_impl()) throw dnnl::error(dnnl_unimplemented, "no implementation of matmul will do");
  }
  return found;
}

inline dnnl::primitive_desc eltwise_descriptor(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                               const memory::desc& x) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl::eltwise_forward::primitive_desc(engine, dnnl::prop_kind::forward_inference, algorithm, x, x);
#else
  return dnnl::eltwise_forward::primitive_desc(
      dnnl::eltwise_forward::desc(dnnl::prop_kind::forward_inference, algorithm, x), engine);
#endif
}

inline dnnl::primitive_desc binary_descriptor(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                              const memory::desc& a, const memory::desc& b,
                                              const memory::desc& out) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl::binary::primitive_desc(engine, algorithm, a, b, out);
#else
  return dnnl::binary::primitive_desc(dnnl::binary::desc(algorithm, a, b, out), engine);
#endif
}

inline dnnl::primitive_desc sum_descriptor(const dnnl::engine& engine, const memory::desc& x,
                                           const memory::desc& out, const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl::reduction::primitive_desc(engine, dnnl::algorithm::reduction_sum, x, out, 0, 0, attributes);
#else
  return dnnl::reduction::primitive_desc(dnnl::reduction::desc(dnnl::algorithm::reduction_sum, x, out, 0, 0),
                                         attributes, engine);
#endif
}

/// Of the descriptor's last axis.
inline memory::dim last_extent(const memory::desc& descriptor) {
#if DNNL_VERSION_MAJOR >= 3
  return descriptor.get_dims().back();
#else
  return descriptor.dims().back();
#endif
}

/// The product times `factor`, before every other post-op. Of a bias that is given to matmul_descriptor the
/// versions make different things: pass it as a binary post-op where there is a factor.
inline void append_factor(float factor, dnnl::post_ops& operations,
                          [[maybe_unused]] dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(dnnl::algorithm::eltwise_linear, factor, 0);
#else
  static_cast<void>(operations);
  attributes.set_output_scales(0, {factor});
#endif
}

inline void append_eltwise(dnnl::algorithm algorithm, dnnl::post_ops& operations) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(algorithm, 0, 0);
#else
  operations.append_eltwise(1, algorithm, 0, 0);
#endif
}

}  // namespace tenon::onednn
