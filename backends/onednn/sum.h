// REDUCE SUM by oneDNN's reduction.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::onednn {

/// Does a SUM of float32 over rows of moderate length, or returns false before it touches the output: the
/// shared kernel is as fast, or faster. Throws dnnl::error and std::bad_alloc. Any thread.
bool sum_rows(const plugin::Call& call);

}  // namespace tenon::onednn
