// The product of abi.h's MATMUL in extended precision, with its error bounds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grader.h"

namespace tenon::conformance {

/// How strictly a product is judged.
enum class Strictness : std::uint8_t {
  bound,    ///< gamma_n R + u |ref| + n eta
  quality,  ///< also max |err| / (u R) <= 2 sqrt(k) + 4, for data without structure
  exact     ///< bit for bit: whole numbers of which every partial sum is exact
};

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

/// All dtypes of MATMUL.
inline constexpr DType kMatmulDTypes[] = {DType::float32, DType::float64, DType::bfloat16,
                                          DType::int32,   DType::int64,   DType::uint8};
inline constexpr DType kFloatingDTypes[] = {DType::float32, DType::float64, DType::bfloat16};

}  // namespace tenon::conformance
