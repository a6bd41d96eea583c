#include "plugin_file.h"

#include "refusal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <string>
#include <system_error>

namespace tenon::plugin {

namespace {

std::string system_text(int error) { return std::generic_category().message(error); }

std::uint64_t checked_size(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    throw Refusal{"cannot be examined: " + system_text(errno), "check the file system"};
  }
  if (!S_ISREG(status.st_mode)) {
    throw Refusal{S_ISDIR(status.st_mode) ? "is a directory" : "is not a regular file",
                  "put the plugin's shared object here, or remove it"};
  }
  if ((status.st_mode & S_IWOTH) != 0) throw Refusal{"can be written by everyone", "chmod o-w it"};
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    throw Refusal{"belongs to user " + std::to_string(status.st_uid) + ", neither to root nor to user " +
                      std::to_string(::geteuid()) + " who runs this",
                  "chown it to one of them"};
  }
  if (status.st_size <= 0) throw Refusal{"is empty", "build or install it again"};
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

// O_NONBLOCK: opening a FIFO must not wait for a writer.
PluginFile::PluginFile(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
  if (descriptor_ < 0) {
    throw Refusal{"cannot be read: " + system_text(errno), "make it a readable file, or remove it"};
  }
  try {
    size_ = checked_size(descriptor_);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

PluginFile::~PluginFile() { ::close(descriptor_); }

void PluginFile::read(std::uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t count = contains(offset, to.size())
                              ? ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset))
                              : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Refusal{"cannot be read: " + system_text(errno), "check the file system"};
    if (count == 0) {
      throw Refusal{"is cut short: " + std::to_string(size_) + " bytes", "build or install it again"};
    }
    offset += static_cast<std::uint64_t>(count);
    to = to.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace tenon::plugin
