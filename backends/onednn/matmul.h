// MATMUL in floating point by oneDNN's primitive.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::onednn {

/// Does a MATMUL of float32 or bfloat16 whose activation exists. Throws dnnl::error and std::bad_alloc. Any
/// thread.
void matmul(const plugin::Call& call);

}  // namespace tenon::onednn
