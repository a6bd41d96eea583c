// Products by CLBlast.
#pragma once

#include "opencl/device.h"

#include <cstdint>

namespace tenon::opencl {

/// A matrix in a device's memory; offset and strides in elements.
struct BlastMatrix {
  cl_mem memory;
  std::int64_t offset;
  std::int64_t rows, columns;
  std::int64_t row_stride, column_stride;
  std::int64_t batch_stride;
};

/// Whether CLBlast shall have a product: none where TENON_OPENCL_CLBLAST=0, all where it is 1, else the large ones
/// of a device that is no CPU. On one, CLBlast 1.5.3 compiles for 20 seconds and is then slower than our own kernel.
bool wants_blast(const Device& device, std::int64_t multiplications);

/// c = alpha a b + beta c for each of `batches` products of `dtype`, float32 or float64; false, and nothing
/// done, if CLBlast cannot take a layout. Throws OpenClError.
bool multiply_by_blast(Device& device, DType dtype, double alpha, const BlastMatrix& a, const BlastMatrix& b,
                       double beta, const BlastMatrix& c, std::int64_t batches);

}  // namespace tenon::opencl
