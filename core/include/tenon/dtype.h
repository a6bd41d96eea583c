// Element types and how they combine.
#pragma once

#include <tenon/export.h>
#include <tenon/plugin/dtype.hpp>

#include <cstddef>
#include <string_view>

namespace tenon {

using plugin::dtype_of;
using plugin::is_floating;
using plugin::visit_dtype;

/// "float32", "float64", "bfloat16", "int32", "int64", "uint8", "bool".
TENON_API std::string_view name(DType dtype);

/// The inverse of name(). Throws DTypeError that lists the names.
TENON_API DType parse_dtype(std::string_view name);

/// Bytes per element.
TENON_API std::size_t item_size(DType dtype);

/// The dtype in which `a` and `b` meet: the lattice bool < uint8 < int32 < int64 < bfloat16 < float32 <
/// float64, as PyTorch's torch.promote_types (so int64 with float32 gives float32).
TENON_API DType promote(DType a, DType b);

/// `dtype` if it is a floating type, else float32: what exp(int) is computed in, as in PyTorch.
TENON_API DType to_floating(DType dtype);

}  // namespace tenon
