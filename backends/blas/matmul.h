// MATMUL in floating point: batches, layouts, alpha and beta, bias and activation around CBLAS's gemm.
#pragma once

#include "blas/cblas_library.h"

#include <tenon/plugin/backend.hpp>

namespace tenon::blas {

/// Whether matmul() would do the call: float32, float64 or bfloat16, extents that a 32-bit BLAS can count,
/// and an activation that exists.
bool supports_matmul(const plugin::Call& call);

/// Does the call; supports_matmul() must hold. Throws std::bad_alloc. Any thread.
void matmul(const CblasLibrary& library, const plugin::Call& call);

}  // namespace tenon::blas
