// Reading files that may be anything: bounded by what the file holds, never blocking.
#pragma once

#include <tenon/shape.h>
#include <tenon/tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tenon::io {

/// Throws FileError "<path>: <field>: <message>".
[[noreturn]] void fail(std::string_view path, std::string_view field, std::string_view message);
/// The same, with the text of an errno: "<path>: <what>: <text>".
[[noreturn]] void fail_with_errno(std::string_view path, std::string_view what, int error);

/// Text from a file as it may stand in a message: quoted, escaped and cut.
std::string in_quotes(std::string_view text);

/// Room beside the file's size that a reader may take.
inline constexpr std::uint64_t kAllowance = std::uint64_t{64} << 20;

/// A regular file, read from its beginning to its end. Not thread-safe.
class InputFile {
 public:
  /// Throws FileError if there is none, or if it is anything but a regular file: a FIFO is not waited for.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// In bytes, when it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Bytes not read yet.
  [[nodiscard]] std::uint64_t remaining() const { return size_ - position_; }

  /// Fills `bytes`. Throws FileError naming `field` if the file holds less.
  void read(std::span<std::byte> bytes, std::string_view field);
  /// Back to the beginning.
  void rewind();

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
};

/// The bytes of a tensor of this shape. Throws FileError naming `field` if its strides, or they, would
/// overflow.
std::uint64_t byte_count(std::string_view path, std::string_view field, const Shape& shape, DType dtype);

/// The memory of a contiguous tensor.
std::span<std::byte> bytes_of(const Tensor& x);

/// Throws FileError naming `field` unless every element of a bool tensor is 0 or 1.
void check_bools(std::string_view path, std::string_view field, const Tensor& x);

}  // namespace tenon::io
