// Which calls this backend's kernels do.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::opencl {

/// Whether abi.h defines the call, for these operands and this member, and it is no EINSUM; and whether a
/// device with or without float64 can do it. Throws plugin::UnknownDType on other dtypes.
bool is_covered(const plugin::Call& call, bool has_double);

}  // namespace tenon::opencl
