// MATMUL's parts.
#pragma once

namespace tenon::cuda {

/// Whether float32 products may use TF32: TENON_CUDA_TF32=1 in the environment when first asked.
bool uses_tf32();

}  // namespace tenon::cuda
