// Files made by a test, and what is expected of the errors about them.
#pragma once

#include <tenon/error.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::testing {

/// A folder of its own, gone with all its files at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The path of a file in it.
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ / name; }
  /// Writes a file; returns its path.
  std::string write(std::string_view name, std::string_view bytes) const;
  /// Names of all files.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path);

/// The bytes of an integer, lowest first or highest first.
std::string little_endian(std::uint64_t value, int bytes);
std::string big_endian(std::uint64_t value, int bytes);

/// Runs `action`, which must throw a FileError that names `path` and `field`.
template <typename Action>
void expect_file_error(Action&& action, std::string_view path, std::string_view field) {
  try {
    action();
    ADD_FAILURE() << "no error about " << field;
  } catch (const FileError& error) {
    const std::string_view message = error.what();
    EXPECT_TRUE(message.starts_with(path)) << message;
    EXPECT_NE(message.find(field, path.size()), std::string_view::npos)
        << "expected '" << field << "' in: " << message;
  }
}

}  // namespace tenon::testing
