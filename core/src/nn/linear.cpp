#include <tenon/nn/linear.h>

#include <tenon/error.h>
#include <tenon/nn/init.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <cmath>

namespace tenon::nn {
namespace {

Tensor drawn(const Shape& shape, std::int64_t fan_in, DType dtype, Generator& generator) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return uniform(shape, -bound, bound, dtype, generator);
}

Tensor drawn_weight(std::int64_t in, std::int64_t out, DType dtype, Generator& generator) {
  if (in <= 0 || out <= 0) {
    throw ShapeError(fmt::format("[Linear] in_features {} and out_features {} must be positive", in, out));
  }
  return drawn({out, in}, in, dtype, generator);
}

}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, bool bias, DType dtype,
               Generator& generator)
    : weight_(register_parameter("weight", drawn_weight(in_features, out_features, dtype, generator))) {
  if (bias) bias_ = &register_parameter("bias", drawn({out_features}, in_features, dtype, generator));
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight_, bias()); }

std::string Linear::extra() const {
  return fmt::format("in_features={}, out_features={}, bias={}", in_features(), out_features(),
                     bias_ != nullptr ? "True" : "False");
}

}  // namespace tenon::nn
