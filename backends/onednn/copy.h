// COPY by oneDNN's reorder.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::onednn {

/// Does a COPY of four-byte elements that turns axes around, or returns false before it touches the output:
/// the shared kernel is as fast, or faster. Throws dnnl::error and std::bad_alloc. Any thread.
bool reorder(const plugin::Call& call);

/// COPY by reorder() or else by the shared kernel.
void copy(const DLTensor& from, const DLTensor& to);

}  // namespace tenon::onednn
