// The steps of SOFTMAX on dense rows of float64.
#include "cpu/tables.h"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/softmax_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

/// A NaN may be passed over: it comes back with the exponentials.
double largest(const double* x, std::size_t n) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  F64 most = splat(-std::numeric_limits<double>::infinity());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) most = hn::Max(most, hn::LoadU(d, x + i));
  double result = hn::GetLane(hn::MaxOfLanes(d, most));
  for (; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

double sum(const double* x, std::size_t n) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  F64 sums = splat(0.0);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) sums = hn::Add(sums, hn::LoadU(d, x + i));
  double total = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) total += x[i];
  return total;
}

void shift(double* x, std::size_t rows, std::size_t n) {
  for (std::size_t r = 0; r < rows; ++r, x += n) {
    const double most = largest(x, n);
    for (std::size_t i = 0; i < n; ++i) x[i] -= most;
  }
}

/// x <= 0 or NaN. Beyond -690 it is 0 in float32 many times over.
void exponentials(const double* x, double* y, std::size_t n) {
  const D64 d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  const auto step = [](F64 v)
                        HWY_ATTR { return hn::IfThenElse(hn::Eq(v, v), exp(limit(v, -690.0, 0.0)), v); };
  for (; i + lanes <= n; i += lanes) hn::StoreU(step(hn::LoadU(d, x + i)), d, y + i);
  for (; i < n; ++i) y[i] = hn::GetLane(step(splat(x[i])));
}

void divide(const double* e, double* out, std::size_t rows, std::size_t n) {
  for (std::size_t r = 0; r < rows; ++r, e += n, out += n) {
    const double total = sum(e, n);
    for (std::size_t i = 0; i < n; ++i) out[i] = e[i] / total;
  }
}

void subtract_log(const double* e, double* x, std::size_t rows, std::size_t n) {
  for (std::size_t r = 0; r < rows; ++r, e += n, x += n) {
    const double log = std::log(sum(e, n));
    for (std::size_t i = 0; i < n; ++i) x[i] -= log;
  }
}

SoftmaxKernels make_softmax_kernels() { return {shift, exponentials, divide, subtract_log}; }

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_softmax_kernels);

const SoftmaxKernels& softmax_kernels() {
  static const SoftmaxKernels kernels = HWY_DYNAMIC_DISPATCH(make_softmax_kernels)();
  return kernels;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
