#include <tenon/optim/sgd.h>

#include <tenon/ops.h>

#include "range.h"

namespace tenon::optim {

SGD::SGD(std::vector<Tensor> parameters, double learning_rate, const SGDOptions& options)
    : Optimizer(std::move(parameters), learning_rate, {"momentum_buffer"}), options_(options) {
  check_not_negative("momentum", options.momentum);
  check_not_negative("weight_decay", options.weight_decay);
  if (!std::isfinite(options.dampening)) {
    throw IndexError(fmt::format("[optim] dampening {} must be finite", options.dampening));
  }
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
    throw IndexError("[optim] nesterov needs a momentum and no dampening");
  }
}

void SGD::update(const Tensor& parameter, const Tensor& gradient, Memory& memory) {
  const DType dtype = parameter.dtype();
  Tensor g = gradient;
  if (options_.weight_decay != 0) {
    g = multiply_add(g, parameter, number(options_.weight_decay, dtype));
  }
  if (options_.momentum != 0) {
    Tensor& buffer = memory.slots[0];
    if (!buffer.defined()) {
      buffer = clone(g);
    } else {
      mul_(buffer, number(options_.momentum, dtype));
      multiply_add_(buffer, g, number(1 - options_.dampening, dtype));
    }
    g = options_.nesterov ? multiply_add(g, buffer, number(options_.momentum, dtype)) : buffer;
  }
  multiply_add_(parameter, g, number(-learning_rate(), dtype));
}

}  // namespace tenon::optim
