// The file format of MNIST and its successors.
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <string>

namespace tenon {

/// Reads an IDX file (http://yann.lecun.com/exdb/mnist), plain or gzipped; which one is told by the content.
/// Element types become: 0x08 uint8; 0x09 (int8), 0x0B (int16) and 0x0C int32; 0x0D float32; 0x0E float64.
/// Throws FileError, naming file and field, on any other type, on rank 0 or above 32, on data that are
/// shorter or longer than the extents say, on a damaged gzip stream, and on a gzip file whose tensor would be
/// beyond 60 MiB and more than 100 times the file's size. Takes no more memory than the file's size and
/// 64 MiB until all elements have been found to be there, whatever the extents say.
TENON_API Tensor load_idx(const std::string& path);

}  // namespace tenon
