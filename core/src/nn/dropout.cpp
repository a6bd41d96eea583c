#include <tenon/nn/dropout.h>

#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/nn/functional.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include "../dispatch/door.h"

namespace tenon::nn {
namespace {

double checked(double p) {
  if (!(p >= 0 && p <= 1)) throw IndexError(fmt::format("[dropout] probability {} is outside [0, 1]", p));
  return p;
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator) {
  checked(p);
  if (!training || p == 0) return x;
  const double scale = p == 1 ? 0 : 1 / (1 - p);
  Tensor kept;
  {
    const use_backend scope(dispatch::beside(x));
    kept = ge(uniform(x.shape(), 0, 1, DType::float32, generator), p);
  }
  return x * where(kept, scalar_beside(x, scale), scalar_beside(x, 0.0));
}

Dropout::Dropout(double p, Generator& generator) : p_(checked(p)), generator_(generator) {}

Tensor Dropout::forward(const Tensor& x) { return dropout(x, p_, is_training(), generator_); }

std::string Dropout::extra() const { return fmt::format("p={}", p_); }

}  // namespace tenon::nn
