// Runs programs and looks at what they print.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tenon::test {

struct Finished {
  int status = -1;  ///< exit code; 128 + signal if one ended it
  std::string out;
  std::string err;
};

struct ProcessOptions {
  /// Added to the environment. TENON_* and NO_COLOR of the test itself are not handed on.
  std::map<std::string, std::string> environment{};
  /// Standard output and error are one terminal; what it got is in `out`.
  bool terminal = false;
  std::string standard_output{};  ///< a file to write to instead
};

/// Whether this system gives out pseudo-terminals (a bare chroot without /dev/pts does not).
bool has_terminals();
/// Runs a program to its end. Throws std::runtime_error if it asks for a terminal and there is none.
Finished run_program(const std::vector<std::string>& words, const ProcessOptions& options = {});
/// `tenon` with these arguments.
Finished tenon(std::vector<std::string> arguments, const ProcessOptions& options = {});
/// Starts `tenon` without reading what it prints; the caller waits for it.
pid_t start_tenon(std::vector<std::string> arguments);

/// The objects of a text with one a line; fails the test on a line that is none.
std::vector<nlohmann::json> json_lines(const std::string& text);

/// A new empty directory that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace tenon::test
