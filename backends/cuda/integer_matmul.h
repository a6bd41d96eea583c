// MATMUL in integers, which cuBLAS does not have.
#pragma once

#include "cuda/families.h"

namespace tenon::cuda {

/// Sums wrap; the call's operands may have any strides.
void run_integer_matmul(const Call& call, const Queue& queue);

}  // namespace tenon::cuda
