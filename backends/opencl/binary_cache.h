// Compiled programs on disk, so that a program is compiled once a machine and not once a process.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::opencl {

/// A folder of files, each named after what it was made of: TENON_OPENCL_CACHE (an absolute path, or 0 or off
/// for none), else tenon/opencl in XDG_CACHE_HOME or in ~/.cache. What cannot be read or written costs time
/// and is otherwise ignored. Any thread and any process, at the same time.
class BinaryCache {
 public:
  /// Looks at the environment; a privileged process has no cache.
  BinaryCache();

  [[nodiscard]] bool is_on() const { return !folder_.empty(); }
  /// What was stored for this key, or nothing: also where the file is cut short, damaged or another key's.
  [[nodiscard]] std::vector<unsigned char> load(std::string_view key) const;
  void store(std::string_view key, const std::vector<unsigned char>& binary) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(std::string_view key) const;

  std::filesystem::path folder_;
};

}  // namespace tenon::opencl
