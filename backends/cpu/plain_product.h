// A matrix product of floats in any layout, for backends whose library has none for the dtype.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::cpu {

/// out = alpha a b for every matrix of the batch; the three have one rank and one dtype, T: float or double.
/// Uses several threads; the result does not depend on how many. Throws std::bad_alloc.
template <typename T>
void plain_product(T alpha, const plugin::View& a, const plugin::View& b, const plugin::View& out);

}  // namespace tenon::cpu
