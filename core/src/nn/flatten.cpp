#include <tenon/nn/flatten.h>

#include <tenon/ops.h>

#include <fmt/format.h>

namespace tenon::nn {

Tensor Flatten::forward(const Tensor& x) { return flatten(x, first_, last_); }

std::string Flatten::extra() const { return fmt::format("start_dim={}, end_dim={}", first_, last_); }

}  // namespace tenon::nn
