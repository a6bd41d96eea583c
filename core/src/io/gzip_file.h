// Files that may be compressed with gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/input_file.h"

namespace tenon::io {

/// Reads a file through gzip (RFC 1952, also several members in a row) if it begins as gzip does, else as it
/// is. Not thread-safe.
class GzipFile {
 public:
  explicit GzipFile(const std::string& path);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  [[nodiscard]] const std::string& path() const { return file_.path(); }
  [[nodiscard]] bool is_compressed() const { return inflater_ != nullptr; }
  /// Bytes in the file, compressed or not.
  [[nodiscard]] std::uint64_t file_size() const { return file_.size(); }

  /// Fills `bytes`. Throws FileError naming `field` if there is less, or if the compressed stream is damaged.
  void read(std::span<std::byte> bytes, std::string_view field);
  /// Reads `count` bytes and forgets them; throws as read() does.
  void skip(std::uint64_t count, std::string_view field);
  /// Throws FileError naming `field` unless all was read. Of gzip, the last check sums are verified here.
  void expect_end(std::string_view field);
  /// Back to the beginning.
  void rewind();

 private:
  class Inflater;

  InputFile file_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace tenon::io
