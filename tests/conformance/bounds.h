// The classes of error bounds. u: unit roundoff; gamma_n = n u / (1 - n u).
#pragma once

#include "op_cases.h"

namespace tenon::test {

/// The reference, rounded once.
Bound exact();
/// So many units in the last place, and one more in float64, whose reference is rounded itself. In bfloat16
/// 1, or 2 where float32 has more than 4.
Bound ulps(double float32_ulps, double float64_ulps);
/// c u max(|y|, scale); in bfloat16 2 units in the last place more.
Bound scaled(double c, double scale);
/// Half a unit in the last place, and gamma_n times a magnitude that is computed in float64 from the
/// operands; the terms are counted by `n`.
Bound gamma(std::function<double(const Tensors&)> n,
            std::function<Tensor(const Tensors&, const Tensor&)> magnitude);

/// The distance of neighbours of `dtype` at |value|.
double spacing(double value, DType dtype);

}  // namespace tenon::test
