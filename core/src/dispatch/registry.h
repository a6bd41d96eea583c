// The plugins that there are and the backends that were opened, each once.
#pragma once

#include <tenon/backend.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "selection.h"

namespace tenon::dispatch {

/// Finds, opens and remembers. Thread-safe. The directories are searched once, on first use.
class Registry {
 public:
  static Registry& instance();

  /// The best-scoring usable candidate of that name, opened now if it was not before; null if there is none.
  Backend* find(std::string_view name);
  /// The best available of all: candidates are opened in the order of their passports' ceilings until none of
  /// the rest could score higher; with `on_host` only those that work on host memory. Null if there is none.
  Backend* best(bool on_host = false);
  std::vector<BackendInfo> describe_all();
  std::vector<Backend*> opened();
  /// A line per candidate: name, state, reason.
  std::string candidates_text();

 private:
  struct Entry {
    explicit Entry(plugin::Candidate found) : candidate(std::move(found)), reason(candidate.reason) {}
    plugin::Candidate candidate;
    bool tried = false;
    std::unique_ptr<Backend> backend;
    std::string reason;  // why not, once tried or refused
  };

  Registry();
  void say_what_was_found();
  Backend* open(Entry& entry);

  std::recursive_mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<Backend*> opened_;
  std::vector<std::string> searched_;
  std::vector<std::pair<int, std::string>> unsaid_;  // log lines of the search: level, text
};

}  // namespace tenon::dispatch
