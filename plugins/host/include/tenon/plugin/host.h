// The host's side of the contract: which plugins there are, which of them may be opened, and opening them.
// Core is its only user. Nothing here throws for a bad plugin: a reason with path and fix is the answer.
#pragma once

#include <tenon/plugin/abi.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tenon::plugin {

/// A file named `tenon-backend-*.so` in a search directory, judged by its bytes alone: none of its code ran.
struct Candidate {
  std::filesystem::path path;  ///< canonical and absolute, or as found where it cannot be resolved
  std::string name;            ///< the passport's; the file name's if there is no acceptable passport
  std::string version;
  std::string library;
  std::string driver;     ///< a library that open() asks the loader for before the plugin; empty if none
  int score_ceiling = 0;  ///< positive if there is an acceptable passport
  std::string reason;     ///< empty if it may be opened; else why not, with path and fix, in one line
};

/// The directories to search, in order: TENON_PLUGIN_PATH (':'-separated, absolute; ignored when the process
/// is privileged), then `beside_libtenon`, the directory `tenon/` that lies beside libtenon.so (empty: there
/// is none). Never the working directory. Canonical, readable, each listed once. What was ignored, and why,
/// is appended to `notices`, one line each. Reads the environment: not to be called while another thread sets
/// it.
std::vector<std::filesystem::path> search_directories(const std::filesystem::path& beside_libtenon,
                                                      std::vector<std::string>& notices);

/// Every candidate in `directories`, in their order and by file name within each. The same file is listed
/// once; a copy of it elsewhere is another candidate. A file is accepted only if it is a regular file that is
/// owned by root or by the process's effective user and not writable by everyone, a 64-bit little-endian
/// shared object for this machine with all of its headers and segments inside the file, and carries a
/// passport of this ABI major whose CPU features are all present. May be called from any thread.
std::vector<Candidate> scan(std::span<const std::filesystem::path> directories);

/// A backend that was opened. Owns nothing: the library and the instance stay until the process ends.
class Plugin {
 public:
  Plugin(Candidate candidate, const tenon_backend_table* table, tenon_backend* instance, int score,
         std::vector<tenon_device_properties> devices);

  [[nodiscard]] const Candidate& candidate() const { return candidate_; }
  [[nodiscard]] const tenon_backend_table& table() const { return *table_; }
  [[nodiscard]] tenon_backend* instance() const { return instance_; }
  [[nodiscard]] int score() const { return score_; }
  /// At least one; host memory is one device, and then the only one.
  [[nodiscard]] const std::vector<tenon_device_properties>& devices() const { return devices_; }
  /// Those of the first.
  [[nodiscard]] const tenon_device_properties& properties() const { return devices_[0]; }

 private:
  Candidate candidate_;
  const tenon_backend_table* table_;
  tenon_backend* instance_;
  int score_;
  std::vector<tenon_device_properties> devices_;
};

struct Opened {
  std::unique_ptr<Plugin> plugin;  ///< null if it could not be opened or scores 0
  std::string reason;              ///< then why, with path and fix, in one line
};

/// Judges the file once more, asks the loader for the driver, maps the library with local symbols, calls its
/// entry with `services`, makes the instance and asks for its score and properties. A score above the
/// passport's ceiling is lowered to it and logged. `services` must live until the process ends, and its
/// set_error must be the function below. Not to be called twice for one candidate; different ones may be
/// opened by several threads.
Opened open(const Candidate& candidate, const tenon_host& services);

/// For tenon_host.set_error: keeps a copy of `message` for this thread (of its first 1023 bytes). Never
/// throws.
void set_error(const char* message) noexcept;
/// The text of the last set_error on this thread, which is then forgotten; empty if there is none.
std::string take_error();

}  // namespace tenon::plugin
