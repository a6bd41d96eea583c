#include <tenon/optim/adam.h>

#include <tenon/creation.h>
#include <tenon/ops.h>

#include <cmath>

#include "range.h"

namespace tenon::optim {
namespace {

AdamOptions checked(const AdamOptions& options) {
  for (const auto& [name, beta] : {std::pair("beta1", options.beta1), std::pair("beta2", options.beta2)}) {
    if (!(beta >= 0 && beta < 1))
      throw IndexError(fmt::format("[optim] {} {} is outside [0, 1)", name, beta));
  }
  check_not_negative("eps", options.eps);
  check_not_negative("weight_decay", options.weight_decay);
  return options;
}

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, double learning_rate, const AdamOptions& options)
    : Optimizer(std::move(parameters), learning_rate, {"exp_avg", "exp_avg_sq"}),
      options_(checked(options)) {}

void Adam::update(const Tensor& parameter, const Tensor& gradient, Memory& memory) {
  if (weight_decay() == 0) {
    descend(parameter, gradient, memory);
  } else {
    descend(parameter, multiply_add(gradient, parameter, number(weight_decay(), parameter.dtype())), memory);
  }
}

void Adam::descend(const Tensor& parameter, const Tensor& gradient, Memory& memory) {
  const DType dtype = parameter.dtype();
  Tensor& mean = memory.slots[0];
  Tensor& square_mean = memory.slots[1];
  if (!mean.defined()) {
    mean = zeros_like(parameter);
    square_mean = zeros_like(parameter);
  }
  mul_(mean, number(options_.beta1, dtype));
  multiply_add_(mean, gradient, number(1 - options_.beta1, dtype));
  mul_(square_mean, number(options_.beta2, dtype));
  multiply_add_(square_mean, square(gradient), number(1 - options_.beta2, dtype));
  // The bias corrections as numbers, as at the end of section 2 of the paper; eps is corrected alike.
  const auto t = static_cast<double>(memory.step);
  const double root = std::sqrt(1 - std::pow(options_.beta2, t));
  const double rate = learning_rate() * root / (1 - std::pow(options_.beta1, t));
  const Tensor denominator = sqrt(square_mean);
  add_(denominator, number(options_.eps * root, dtype));
  multiply_add_(parameter, div(mean, denominator), number(-rate, dtype));
}

void AdamW::update(const Tensor& parameter, const Tensor& gradient, Memory& memory) {
  if (weight_decay() != 0) {
    mul_(parameter, number(1 - learning_rate() * weight_decay(), parameter.dtype()));
  }
  descend(parameter, gradient, memory);
}

}  // namespace tenon::optim
