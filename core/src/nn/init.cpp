#include <tenon/nn/init.h>

#include <tenon/autograd.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <cmath>

namespace tenon::nn::init {
namespace {

// x is filled with what is drawn as for a contiguous tensor of its shape, so that strides do not matter.
const Tensor& filled(const Tensor& x, const Tensor& values) {
  const NoGrad no_grad;
  return copy_(x, values);
}

// The standard deviation that keeps the variance of signals through a layer of this weight.
double kaiming_deviation(const Tensor& x, double a, FanMode mode, Nonlinearity nonlinearity) {
  const Fan fan = calculate_fan(x.shape());
  const auto connections = static_cast<double>(mode == FanMode::fan_in ? fan.in : fan.out);
  return calculate_gain(nonlinearity, a) / std::sqrt(connections);
}

double xavier_deviation(const Tensor& x, double gain) {
  const Fan fan = calculate_fan(x.shape());
  return gain * std::sqrt(2.0 / static_cast<double>(fan.in + fan.out));
}

// A uniform distribution on [-b, b) has the deviation b / sqrt(3).
const Tensor& uniform_with_deviation(const Tensor& x, double deviation, Generator& generator) {
  const double bound = std::sqrt(3.0) * deviation;
  return uniform_(x, -bound, bound, generator);
}

}  // namespace

Fan calculate_fan(const Shape& shape) {
  if (shape.size() < 2) {
    throw ShapeError(
        fmt::format("[calculate_fan] {} has no fan; a weight is [out, in, ...]", to_string(shape)));
  }
  std::int64_t receptive_field = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) receptive_field *= shape[i];
  return {shape[1] * receptive_field, shape[0] * receptive_field};
}

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid:
      break;
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2 / (1 + slope * slope));
    case Nonlinearity::selu:
      return 0.75;
  }
  return 1;
}

const Tensor& constant_(const Tensor& x, Scalar value) {
  const NoGrad no_grad;
  return fill_(x, value);
}
const Tensor& zeros_(const Tensor& x) { return constant_(x, 0); }
const Tensor& ones_(const Tensor& x) { return constant_(x, 1); }

const Tensor& uniform_(const Tensor& x, double low, double high, Generator& generator) {
  return filled(x, uniform(x.shape(), low, high, x.dtype(), generator));
}
const Tensor& normal_(const Tensor& x, double mean, double deviation, Generator& generator) {
  return filled(x, normal(x.shape(), mean, deviation, x.dtype(), generator));
}

const Tensor& kaiming_normal_(const Tensor& x, double a, FanMode mode, Nonlinearity nonlinearity,
                              Generator& generator) {
  return normal_(x, 0, kaiming_deviation(x, a, mode, nonlinearity), generator);
}
const Tensor& kaiming_uniform_(const Tensor& x, double a, FanMode mode, Nonlinearity nonlinearity,
                               Generator& generator) {
  return uniform_with_deviation(x, kaiming_deviation(x, a, mode, nonlinearity), generator);
}
const Tensor& xavier_normal_(const Tensor& x, double gain, Generator& generator) {
  return normal_(x, 0, xavier_deviation(x, gain), generator);
}
const Tensor& xavier_uniform_(const Tensor& x, double gain, Generator& generator) {
  return uniform_with_deviation(x, xavier_deviation(x, gain), generator);
}

}  // namespace tenon::nn::init
