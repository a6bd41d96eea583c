#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <vector>

namespace tenon::optim {

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), norm being the Euclidean norm of all of them
/// together, and returns that norm from before: PyTorch's clip_grad_norm_ (Pascanu et al. 2013, algorithm 1).
/// The gradients are replaced, not changed in place. Throws IndexError unless max_norm >= 0.
TENON_API double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

}  // namespace tenon::optim
