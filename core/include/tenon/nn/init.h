// Initial values. Each function fills x in place, unrecorded, and returns it. A seed gives the same bits on
// every backend for the uniform ones, and the same values within 4 ULP for the normal ones.
#pragma once

#include <tenon/export.h>
#include <tenon/random.h>
#include <tenon/scalar.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <string_view>

namespace tenon::nn::init {

/// Which number of connections keeps its variance: forward activations or backward gradients.
enum class FanMode : std::uint8_t { fan_in, fan_out };

enum class Nonlinearity : std::uint8_t { linear, sigmoid, tanh, relu, leaky_relu, selu };

struct Fan {
  std::int64_t in;
  std::int64_t out;
};

/// For a weight [out, in, k...]: in * prod(k) and out * prod(k). Throws ShapeError below rank 2.
TENON_API Fan calculate_fan(const Shape& shape);
/// The factor by which a nonlinearity shrinks deviations: 1 for linear and sigmoid, 5/3 tanh, sqrt(2) relu,
/// sqrt(2 / (1 + slope^2)) leaky_relu (He et al. 2015, eq. 14), 3/4 selu: PyTorch's table. `slope` is only
/// read for leaky_relu.
TENON_API double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

TENON_API const Tensor& constant_(const Tensor& x, Scalar value);
TENON_API const Tensor& zeros_(const Tensor& x);
TENON_API const Tensor& ones_(const Tensor& x);
/// Uniform on [low, high).
TENON_API const Tensor& uniform_(const Tensor& x, double low = 0, double high = 1,
                                 Generator& generator = default_generator());
/// Throws IndexError if deviation < 0.
TENON_API const Tensor& normal_(const Tensor& x, double mean = 0, double deviation = 1,
                                Generator& generator = default_generator());

/// Normal with deviation gain / sqrt(fan): He et al. 2015, "Delving Deep into Rectifiers", eq. 10 (fan_in),
/// 14 (fan_out). `a` is the negative slope of leaky_relu. Throws ShapeError below rank 2.
TENON_API const Tensor& kaiming_normal_(const Tensor& x, double a = 0, FanMode mode = FanMode::fan_in,
                                        Nonlinearity nonlinearity = Nonlinearity::leaky_relu,
                                        Generator& generator = default_generator());
/// The same deviation from a uniform distribution: on [-b, b) with b = gain sqrt(3 / fan).
TENON_API const Tensor& kaiming_uniform_(const Tensor& x, double a = 0, FanMode mode = FanMode::fan_in,
                                         Nonlinearity nonlinearity = Nonlinearity::leaky_relu,
                                         Generator& generator = default_generator());
/// Normal with deviation gain sqrt(2 / (fan_in + fan_out)): Glorot & Bengio 2010, "Understanding the
/// difficulty of training deep feedforward neural networks", eq. 12. Throws ShapeError below rank 2.
TENON_API const Tensor& xavier_normal_(const Tensor& x, double gain = 1,
                                       Generator& generator = default_generator());
/// The same deviation from a uniform distribution: on [-b, b) with b = gain sqrt(6 / (fan_in + fan_out)),
/// eq. 16.
TENON_API const Tensor& xavier_uniform_(const Tensor& x, double gain = 1,
                                        Generator& generator = default_generator());

}  // namespace tenon::nn::init
