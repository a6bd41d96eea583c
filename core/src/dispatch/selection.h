// Backends that are open, and ordered lists of them.
#pragma once

#include <tenon/op_table.h>
#include <tenon/plugin/host.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::dispatch {

/// An open backend and what it was asked to do. Lives until the process ends.
struct Backend {
  explicit Backend(std::unique_ptr<plugin::Plugin> opened)
      : plugin(std::move(opened)),
        name(plugin->candidate().name),
        table(&plugin->table()),
        instance(plugin->instance()) {}

  std::unique_ptr<plugin::Plugin> plugin;
  std::string name;
  const tenon_backend_table* table;
  tenon_backend* instance;
  struct Counter {
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> fallbacks{0};
  };
  std::array<Counter, kOpCount> counters;
};

/// Backends in order of preference; immutable and interned, so that pointers may be kept and compared.
class Selection {
 public:
  explicit Selection(std::vector<Backend*> backends) : backends_(std::move(backends)) {}
  [[nodiscard]] const std::vector<Backend*>& backends() const { return backends_; }
  [[nodiscard]] std::string names() const;

 private:
  std::vector<Backend*> backends_;
};

/// Interns a comma-separated list. Throws BackendError with every candidate.
const Selection& select(std::string_view names);
/// The selection in force on this thread.
const Selection& current();
/// That of the innermost scope on this thread; null if there is none.
const Selection* scoped();
void set_scoped(const Selection* selection);

/// Where an op goes that no chosen backend does: naive. Null if it cannot be opened.
Backend* last_resort();

}  // namespace tenon::dispatch
