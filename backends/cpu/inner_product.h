// Many inner products at once, for which a matrix product is the wrong tool: MATMUL whose matrices are a row
// and a column.
#pragma once

#include "cpu/loop.h"

namespace tenon::cpu {

/// The summed axis of inner_products().
struct SummedAxis {
  std::int64_t extent;
  std::int64_t a_stride;  // in bytes
  std::int64_t b_stride;
};

/// out[i] = sum over k of a[i, k] b[i, k] for every i of `loop`, whose operands are out, a and b, in T: float
/// or double. Returns false, and did nothing, unless a and b are dense along the summed axis or both along
/// the loop's axis 0. Uses several threads. Throws std::bad_alloc.
template <typename T>
bool inner_products(const Loop& loop, const SummedAxis& summed);

}  // namespace tenon::cpu
