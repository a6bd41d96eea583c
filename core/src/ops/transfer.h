// Elements from one memory to another, on whatever strides.
#pragma once

#include <tenon/tensor.h>

namespace tenon::ops {

/// Sets the elements of `to` to those of `from`, which has the same shape and dtype and may lie elsewhere. A
/// device that cannot copy elements of that dtype gets whole blocks.
void overwrite(const Tensor& to, const Tensor& from);

/// `x` on the host, row-major without gaps, whatever is chosen: x itself if it is so. Not recorded.
Tensor packed_on_host(const Tensor& x);

}  // namespace tenon::ops
