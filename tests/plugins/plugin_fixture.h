// A directory of test plugins, and what it takes to open and run one.
#pragma once

#include <tenon/plugin/host.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::plugin {

/// The module of that name that was built for these tests.
std::filesystem::path test_module(const std::string& name);

/// The bytes of a file, and a file (mode 0755) of those bytes.
std::string read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, std::string_view bytes);

/// A temporary directory, removed with everything in it.
class PluginDirectory {
 public:
  PluginDirectory();
  PluginDirectory(const PluginDirectory&) = delete;
  PluginDirectory& operator=(const PluginDirectory&) = delete;
  ~PluginDirectory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// <path>/tenon-backend-<name>.so
  [[nodiscard]] std::filesystem::path file(const std::string& name) const;
  /// Copies a test module to file(name).
  std::filesystem::path add(const std::string& name, const std::string& module) const;
  [[nodiscard]] std::vector<Candidate> scan() const;
  /// The candidate whose path is `file` (canonical, or as found). Throws if it is not listed exactly once.
  [[nodiscard]] Candidate candidate(const std::filesystem::path& file) const;

 private:
  std::filesystem::path path_;
};

/// Where the passport lies in a plugin's bytes.
std::size_t passport_offset(std::string_view bytes);
/// Rewrites the passport of the plugin at `path`.
void patch_passport(const std::filesystem::path& path, const std::function<void(tenon_passport&)>& patch);

/// The services that these tests offer to plugins: ABI 1.0, exactly.
const tenon_host& test_services();
/// The messages that plugins or the host logged since the last call.
std::vector<std::string> take_log();

/// A plugin that was opened; destroys its instance.
class Running {
 public:
  /// Throws std::runtime_error with the reason if it cannot be opened.
  explicit Running(const Candidate& candidate, const tenon_host& services = test_services());
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  [[nodiscard]] const Plugin& plugin() const { return *plugin_; }
  /// Runs a UNARY member on a float32 vector; `out` must have its size.
  tenon_status unary(std::uint32_t member, std::vector<float>& x, std::vector<float>& out) const;

 private:
  std::unique_ptr<Plugin> plugin_;
};

/// Fails the test unless `plugin` negates.
void expect_negates(const Running& running);

/// Fails the test unless `reason` is one line that begins with the path, says `what` and ends with a fix.
void expect_reason(const std::string& reason, const std::filesystem::path& path, const std::string& what);

}  // namespace tenon::plugin
