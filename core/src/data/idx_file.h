// An IDX file whose header has been read, and its elements not yet.
#pragma once

#include <tenon/tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/gzip_file.h"

namespace tenon {

/// Tells what a file holds before any memory is taken for it. Not thread-safe.
class IdxFile {
 public:
  /// Reads the header; throws as load_idx() does.
  explicit IdxFile(const std::string& path);

  [[nodiscard]] const std::string& path() const { return file_.path(); }
  /// Of the tensor; whether the elements are there is found by load().
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] DType dtype() const { return dtype_; }

  /// Reads the elements; to be called once.
  Tensor load();

 private:
  void check_size();

  io::GzipFile file_;
  int type_ = 0;  // the file's code of the elements
  DType dtype_ = DType::uint8;
  Shape shape_;
  std::size_t item_size_ = 0;       // in the file
  std::uint64_t file_bytes_ = 0;    // of the elements in the file
  std::uint64_t tensor_bytes_ = 0;  // of the elements in the tensor
};

}  // namespace tenon
