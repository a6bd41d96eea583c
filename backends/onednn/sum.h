// REDUCE SUM by oneDNN's reduction.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::onednn {

/// Whether this is a SUM of float32 over rows of moderate length; elsewhere the shared kernel is as fast, or
/// faster. Does it unless `run` is false; false, too, where oneDNN turns out to have no fast primitive. Throws
/// dnnl::error and std::bad_alloc. Any thread.
bool sum_rows(const plugin::Call& call, bool run);

}  // namespace tenon::onednn
