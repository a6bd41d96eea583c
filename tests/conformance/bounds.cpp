#include "bounds.h"

#include <cmath>

namespace tenon::test {

double spacing(double value, DType dtype) {
  struct Format {
    int digits;
    int least;
  };
  const Format format = dtype == DType::float64    ? Format{53, -1074}
                        : dtype == DType::bfloat16 ? Format{8, -133}
                                                   : Format{24, -149};
  if (!std::isfinite(value) || value == 0) return std::ldexp(1.0, format.least);
  return std::ldexp(1.0, std::max(std::ilogb(value) + 1 - format.digits, format.least));
}

Bound exact() {
  return [](const Judged& judged) {
    return std::vector<double>(static_cast<std::size_t>(judged.reference.size()), 0.0);
  };
}

Bound ulps(double float32_ulps, double float64_ulps) {
  return [=](const Judged& judged) {
    const double count = judged.dtype == DType::float32    ? float32_ulps
                         : judged.dtype == DType::bfloat16 ? (float32_ulps > 4 ? 2 : 1)
                                                           : float64_ulps + 1;
    std::vector<double> allowed = judged.reference.to_vector<double>();
    for (double& value : allowed) value = count * spacing(value, judged.dtype);
    return allowed;
  };
}

Bound scaled(double c, double scale) {
  return [=](const Judged& judged) {
    std::vector<double> allowed = judged.reference.to_vector<double>();
    const double storage_ulps = judged.dtype == DType::bfloat16 ? 2 : 0;
    for (double& value : allowed) {
      value = c * judged.u * std::max(std::abs(value), scale) + storage_ulps * spacing(value, judged.dtype);
    }
    return allowed;
  };
}

Bound gamma(std::function<double(const Tensors&)> n,
            std::function<Tensor(const Tensors&, const Tensor&)> magnitude) {
  return [=](const Judged& judged) {
    const double terms = n(judged.operands) * judged.u;
    // Both sides may be rounded: the result by its bound, a float64 reference by the same one.
    const double sides = judged.dtype == DType::float64 ? 2 : 1;
    std::vector<double> allowed = magnitude(judged.operands, judged.reference).to_vector<double>();
    const std::vector<double> reference = judged.reference.to_vector<double>();
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      allowed[i] = sides * terms / (1 - terms) * allowed[i] + spacing(reference[i], judged.dtype) / 2;
    }
    return allowed;
  };
}

}  // namespace tenon::test
