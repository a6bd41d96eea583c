// COPY by oneDNN's reorder.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::onednn {

/// Whether this is a COPY of four-byte elements that turns axes around; elsewhere the shared kernel is as fast,
/// or faster. Does it unless `run` is false; false, too, where oneDNN turns out to have no fast primitive.
/// Throws dnnl::error and std::bad_alloc. Any thread.
bool reorder(const plugin::Call& call, bool run);

/// COPY by reorder() or else by the shared kernel.
void copy(const DLTensor& from, const DLTensor& to);

}  // namespace tenon::onednn
