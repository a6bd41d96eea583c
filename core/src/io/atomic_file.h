// Writing a file whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tenon::io {

/// A new file that takes the place of `path` when it is complete. Until commit() has succeeded the old file
/// is untouched, and destroying the AtomicFile removes what was written. All failures are FileErrors.
class AtomicFile {
 public:
  /// Follows symbolic links. Refuses what is not a regular file, or is one that may not be written.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Syncs, renames, and syncs the directory. To be called once, at the end.
  void commit();

 private:
  void open_temporary();
  void discard() noexcept;

  std::string path_;       // as the caller named it, for messages
  std::string target_;     // the last component of what it leads to
  std::string temporary_;  // empty if there is none
  int directory_ = -1;
  int descriptor_ = -1;
  unsigned mode_ = 0;  // of the file that is replaced
  bool replaces_ = false;
};

}  // namespace tenon::io
