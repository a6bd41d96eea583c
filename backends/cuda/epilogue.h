// What follows a product: out = activation(alpha * sum + beta * out + bias), in one pass.
#pragma once

#include "cuda/families.h"

namespace tenon::cuda {

struct Epilogue {
  double alpha = 1;
  double beta = 0;
  std::uint32_t activation = TENON_NO_ACTIVATION;

  [[nodiscard]] bool is_identity(bool has_bias) const {
    return alpha == 1 && beta == 0 && activation == TENON_NO_ACTIVATION && !has_bias;
  }
};

/// Whether MATMUL may end with this activation in a dtype.
bool is_activation(std::uint32_t member, DType dtype);

/// `sum` has out's shape, and float32 elements for bfloat16, else out's; it may be out itself, with beta = 0,
/// and is otherwise overwritten. `bias` may be null.
void run_epilogue(const Queue& queue, const Epilogue& epilogue, const View& sum, const View* bias, const View& out);

}  // namespace tenon::cuda
