// What oneDNN does with bfloat16 on this CPU.
#pragma once

namespace tenon::onednn {

/// Whether it multiplies bfloat16 other than by its reference loops. Asked once.
bool multiplies_bfloat16();

/// Whether it takes denormals for zero there, as the instructions of AVX-512 BF16 and AMX do. Tried once.
/// Throws dnnl::error and std::bad_alloc.
bool flushes_bfloat16();

}  // namespace tenon::onednn
