// A backend plugin opened by path, with a minimal host behind it: everything that the cases need to drive a
// function table of abi.h, and nothing of core.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenon::conformance {

/// What a plugin may leave out. `complete`: every call that abi.h describes must run. `partial`: UNSUPPORTED
/// is counted and passed over.
enum class Coverage : std::uint8_t { complete, partial };

/// The device that a plugin is for is not there, which is no fault of the plugin.
class NoDevice : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One shared object that holds a backend, loaded and created. Stays loaded until the process ends; the
/// backend is destroyed with this object. `supports` and `run` may be called from several threads at once.
class PluginUnderTest {
 public:
  /// Opens the module, calls its entry and creates its backend. Throws std::runtime_error with the loader's
  /// or the plugin's own words; NoDevice if a backend with device memory finds no device.
  PluginUnderTest(const std::string& path, Coverage coverage);
  ~PluginUnderTest();
  PluginUnderTest(const PluginUnderTest&) = delete;
  PluginUnderTest& operator=(const PluginUnderTest&) = delete;

  [[nodiscard]] Coverage coverage() const { return coverage_; }
  [[nodiscard]] const tenon_backend_table& table() const { return *table_; }
  [[nodiscard]] tenon_backend* backend() const { return backend_; }
  [[nodiscard]] const tenon_device_properties& properties() const { return properties_; }
  /// Whether the backend works on memory of its own; see device_operands.h.
  [[nodiscard]] bool has_memory() const { return table_->allocate != nullptr; }
  [[nodiscard]] bool declares(std::uint32_t flag) const { return (properties_.flags & flag) != 0; }

  [[nodiscard]] std::int32_t supports(const tenon_call& call) const {
    return table_->supports(backend_, &call);
  }
  /// On tensors that lie where the backend works; run_call() takes them there.
  [[nodiscard]] tenon_status run(const tenon_call& call) const { return table_->run(backend_, &call); }

 private:
  Coverage coverage_;
  const tenon_backend_table* table_ = nullptr;
  tenon_backend* backend_ = nullptr;
  tenon_device_properties properties_{};
};

/// What the host offers to plugins, as a test sees it.
namespace host {

/// What num_threads answers from now on, on every thread.
void set_num_threads(std::int32_t count);

/// The text of this thread's last set_error, and its removal.
std::string take_error();

/// Misuse of allocate and deallocate so far (a wrong size, an unknown block), and its removal.
std::vector<std::string> take_misuse();

}  // namespace host

/// A module's path and what is expected of it.
struct PluginSpec {
  std::string name;  ///< from tenon-backend-<name>.so
  std::string path;
  Coverage coverage = Coverage::partial;
};

/// The modules to grade: those of the colon-separated TENON_TEST_PLUGINS if it is set (as partial ones, or as
/// complete ones if TENON_TEST_COMPLETE is set too), else those built with these tests.
std::vector<PluginSpec> plugins_under_test();

}  // namespace tenon::conformance
