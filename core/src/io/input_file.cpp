#include "io/input_file.h"

#include <tenon/dtype.h>
#include <tenon/error.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

namespace tenon::io {
namespace {

std::string_view kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

void fail(std::string_view path, std::string_view field, std::string_view message) {
  throw FileError(fmt::format("{}: {}: {}", path, field, message));
}

void fail_with_errno(std::string_view path, std::string_view what, int error) {
  fail(path, what, std::generic_category().message(error));
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 120;
  const bool cut = text.size() > kLongest;
  const nlohmann::json json = std::string(text.substr(0, kLongest));
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + (cut ? "..." : "");
}

InputFile::InputFile(const std::string& path) : path_(path) {
  if (path.find('\0') != std::string::npos) fail(in_quotes(path), "open", "a path cannot hold a NUL");
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) fail_with_errno(path, "open", errno);
  struct stat status {};
  const int error = ::fstat(descriptor_, &status) == 0 ? 0 : errno;
  if (error != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    if (error != 0) fail_with_errno(path, "stat", error);
    fail(path, "open", fmt::format("{}, not a regular file", kind_of_file(status.st_mode)));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(std::span<std::byte> bytes, std::string_view field) {
  if (bytes.size() > remaining()) {
    fail(
        path_, field,
        fmt::format("{} bytes are needed and {} are left; the file is truncated", bytes.size(), remaining()));
  }
  // Linux transfers at most 2^31 - 4096 bytes at once.
  constexpr std::size_t kAtOnce = std::size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t got = ::read(descriptor_, bytes.data(), std::min(bytes.size(), kAtOnce));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(path_, field, errno);
    if (got == 0) fail(path_, field, "the file became shorter while it was read");
    position_ += static_cast<std::uint64_t>(got);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

void InputFile::rewind() {
  if (::lseek(descriptor_, 0, SEEK_SET) != 0) fail_with_errno(path_, "seek", errno);
  position_ = 0;
}

std::uint64_t byte_count(std::string_view path, std::string_view field, const Shape& shape, DType dtype) {
  // Over the extents that are not 0, so that no stride overflows either.
  auto bytes = static_cast<std::int64_t>(item_size(dtype));
  for (const std::int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && __builtin_mul_overflow(bytes, extent, &bytes))) {
      fail(path, field, fmt::format("{} {} is beyond 2^63 - 1 bytes", name(dtype), to_string(shape)));
    }
  }
  const bool none = std::ranges::find(shape, 0) != shape.end();
  return none ? 0 : static_cast<std::uint64_t>(bytes);
}

std::span<std::byte> bytes_of(const Tensor& x) {
  return {static_cast<std::byte*>(x.address()), static_cast<std::size_t>(x.size()) * item_size(x.dtype())};
}

void check_bools(std::string_view path, std::string_view field, const Tensor& x) {
  if (x.dtype() != DType::boolean) return;
  const auto bytes = bytes_of(x);
  const auto wrong = std::ranges::find_if(bytes, [](std::byte byte) { return byte > std::byte{1}; });
  if (wrong != bytes.end()) {
    fail(path, field,
         fmt::format("bool element {} is stored as {}, not as 0 or 1", wrong - bytes.begin(),
                     std::to_integer<int>(*wrong)));
  }
}

}  // namespace tenon::io
