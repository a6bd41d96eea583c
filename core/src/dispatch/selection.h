// Backends that are open, and ordered lists of them.
#pragma once

#include <tenon/op_table.h>
#include <tenon/plugin/host.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "../device_memory.h"

namespace tenon::dispatch {

/// An open backend and what it was asked to do. Lives until the process ends.
struct Backend {
  explicit Backend(std::unique_ptr<plugin::Plugin> opened);

  std::unique_ptr<plugin::Plugin> plugin;
  std::string name;
  const tenon_backend_table* table;
  tenon_backend* instance;
  std::vector<std::unique_ptr<DeviceMemory>> devices;  // empty if it works on host memory
  struct Counter {
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> fallbacks{0};
    std::atomic<std::uint64_t> copied_bytes{0};
  };
  std::array<Counter, kOpCount> counters;
};

/// Who runs an op, and on which memory.
struct Target {
  Backend* backend;
  DeviceMemory* memory;  // null: the host's

  [[nodiscard]] std::string name() const;
  friend bool operator==(const Target&, const Target&) = default;
  friend bool operator<(const Target& a, const Target& b) {
    return std::tie(a.backend, a.memory) < std::tie(b.backend, b.memory);
  }
};

/// Targets in order of preference, at least one; immutable and interned, so that pointers may be kept and
/// compared.
class Selection {
 public:
  explicit Selection(std::vector<Target> targets) : targets_(std::move(targets)) {}
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }
  /// Where results lie.
  [[nodiscard]] DeviceMemory* memory() const { return targets_[0].memory; }
  [[nodiscard]] std::string names() const;

 private:
  std::vector<Target> targets_;
};

/// Interns a comma-separated list; "cuda:1" is a backend's second device. Throws BackendError with every
/// candidate.
const Selection& select(std::string_view names);
/// One of the names of such a list.
Target find_target(std::string_view name);
/// The selection in force on this thread.
const Selection& current();
/// That of the innermost scope on this thread; null if there is none.
const Selection* scoped();
void set_scoped(const Selection* selection);
/// The selection for what lies in `memory`: that of the scope; else the current one if its results lie there;
/// else those of its targets that work there; else the device's backend, or the best one on host memory.
const Selection& selection_for(DeviceMemory* memory);
/// The same without the scope.
const Selection& selection_on(DeviceMemory* memory);

/// Where an op goes that no chosen backend does: naive. Null if it cannot be opened.
Backend* last_resort();

}  // namespace tenon::dispatch
