// The product of abi.h's MATMUL in extended precision, with its error bounds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contraction_bound.h"
#include "grader.h"

namespace tenon::conformance {

/// Everything about one product but its operands.
struct MatmulAttributes {
  std::uint32_t activation = TENON_NO_ACTIVATION;
  double alpha = 1;
  double beta = 0;

  [[nodiscard]] tenon_matmul_attributes frame() const;
};

/// What out must be for a[..., m, k], b[..., k, n], an optional bias of out's shape, and out as it is now.
std::vector<Expected> matmul(const Operand& a, const Operand& b, const Operand* bias, const Operand& out,
                             const MatmulAttributes& attributes, Strictness strictness, std::uint32_t flags);

/// Grades one product.
void grade_matmul(Grader& grader, const std::string& name, Operand& a, Operand& b, Operand* bias,
                  Operand& out, const MatmulAttributes& attributes = {},
                  Strictness strictness = Strictness::bound);

}  // namespace tenon::conformance
