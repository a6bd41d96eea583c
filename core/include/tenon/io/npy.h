// One array in NumPy's own file format (.npy).
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <string>

namespace tenon {

/// Reads format 1.0, 2.0 or 3.0 as laid down in numpy.lib.format. float32, float64, int32, int64, uint8 and
/// bool, of either byte order, in C or Fortran order; the tensor is contiguous in native order. Throws
/// FileError, naming file and field, on anything else, on a malformed header and on data that are shorter or
/// longer than the header says. Allocates no more than the file's size and 64 MiB (twice the size in Fortran
/// order). The tensor lies on current_device().
TENON_API Tensor load_npy(const std::string& path);

/// Writes format 1.0, little-endian, C order; atomically, as save_safetensors() does. NumPy has no bfloat16:
/// throws DTypeError on one, with the advice to cast. Throws FileError where the file cannot be written.
TENON_API void save_npy(const std::string& path, const Tensor& x);

}  // namespace tenon
