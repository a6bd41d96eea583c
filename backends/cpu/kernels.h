// The way in for a backend on host memory: vectorised, threaded kernels for every op family.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::cpu {

/// Whether run() would do the call: every op of abi.h but EINSUM. Looks at dtypes and members only. Any
/// thread.
bool supports(const plugin::Call& call);

/// Does the call and returns true, or returns false before it touches an output. Uses up to
/// plugin::host->num_threads() threads. Throws plugin::InvalidData for an index out of range and
/// std::bad_alloc. Elementwise results depend on neither thread count, alignment nor position. Any thread.
bool run(const plugin::Call& call);

}  // namespace tenon::cpu
