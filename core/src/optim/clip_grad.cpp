#include <tenon/optim/clip_grad.h>

#include <tenon/autograd.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <cmath>

#include "../dispatch/door.h"

namespace tenon::optim {

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm) {
  if (!(max_norm >= 0)) throw IndexError(fmt::format("[clip_grad_norm] max_norm {} is negative", max_norm));
  const NoGrad no_grad;
  double squares = 0;
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = parameter.grad();
    const use_backend scope(dispatch::where_lies(parameter));
    if (gradient.defined()) squares += sum(square(gradient)).item<double>();
  }
  const double norm = std::sqrt(squares);
  const double scale = max_norm / (norm + 1e-6);
  if (scale >= 1) return norm;
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = parameter.grad();
    const use_backend scope(dispatch::where_lies(parameter));
    if (gradient.defined()) parameter.set_grad(gradient * scale);
  }
  return norm;
}

}  // namespace tenon::optim
