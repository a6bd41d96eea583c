// What each command that computes lets one choose: backends and threads.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace tenon::tool {

struct BackendOptions {
  std::string backend;
  int threads = 0;

  void add_to(CLI::App& app);
  /// Makes the choice for the process. Throws UsageError that lists the candidates.
  void apply() const;
};

}  // namespace tenon::tool
