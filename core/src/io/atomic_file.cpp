#include "io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <random>
#include <utility>

#include "io/input_file.h"

namespace tenon::io {
namespace {

// What `path` leads to, also if nothing is there yet.
std::filesystem::path follow_links(const std::string& path) {
  constexpr int kMostLinks = 40;  // as Linux
  std::filesystem::path target = path;
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code error;
    if (!std::filesystem::is_symlink(target, error)) return target;
    const std::filesystem::path next = std::filesystem::read_symlink(target, error);
    if (error) fail_with_errno(path, "save", error.value());
    target = target.parent_path() / next;  // an absolute `next` replaces the whole
  }
  fail_with_errno(path, "save", ELOOP);
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  if (path.find('\0') != std::string::npos) fail(in_quotes(path), "save", "a path cannot hold a NUL");
  const std::filesystem::path target = follow_links(path);
  target_ = target.filename();
  if (target_.empty()) fail(path, "save", "this names no file");
  const std::string directory = target.has_parent_path() ? target.parent_path().string() : ".";
  directory_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) fail_with_errno(path, fmt::format("save: directory {}", directory), errno);
  try {
    struct stat old {};
    if (::fstatat(directory_, target_.c_str(), &old, 0) == 0) {
      if (S_ISDIR(old.st_mode)) fail_with_errno(path, "save", EISDIR);
      if (!S_ISREG(old.st_mode)) fail(path, "save", "there is something that is not a regular file");
      if (::faccessat(directory_, target_.c_str(), W_OK, AT_EACCESS) != 0) {
        fail_with_errno(path, "save", errno);
      }
      replaces_ = true;
      mode_ = old.st_mode & 0777U;
    } else if (errno != ENOENT) {
      fail_with_errno(path, "save", errno);
    }
    open_temporary();
  } catch (...) {
    discard();
    throw;
  }
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::open_temporary() {
  // Nobody may read more of the new file than of the old one, not even while it is written.
  const mode_t mode = replaces_ ? 0600 : 0666;
  std::random_device entropy;
  constexpr int kAttempts = 16;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string name = fmt::format(".tenon-{:08x}{:08x}.tmp", entropy(), entropy());
    descriptor_ = ::openat(directory_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor_ >= 0) {
      temporary_ = name;
      return;
    }
    if (errno != EEXIST) break;
  }
  fail_with_errno(path_, "save: a temporary file in the same directory", errno);
}

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
  if (directory_ >= 0) ::close(directory_);
  descriptor_ = directory_ = -1;
  temporary_.clear();
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr std::size_t kAtOnce = std::size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kAtOnce));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_with_errno(path_, "save: write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void AtomicFile::commit() {
  if (replaces_ && ::fchmod(descriptor_, mode_) != 0) fail_with_errno(path_, "save: permissions", errno);
  if (::fsync(descriptor_) != 0) fail_with_errno(path_, "save: sync", errno);
  // Network file systems report a full disk here at the latest. The descriptor is gone in any case.
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_with_errno(path_, "save: close", errno);
  if (::renameat(directory_, temporary_.c_str(), directory_, target_.c_str()) != 0) {
    fail_with_errno(path_, "save: rename", errno);
  }
  temporary_.clear();
  // Some file systems have no such thing as syncing a directory.
  if (::fsync(directory_) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail_with_errno(path_, "save: sync of the directory", errno);
  }
}

}  // namespace tenon::io
