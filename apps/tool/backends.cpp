// tenon backends: every plugin found, what it can do or why it cannot be used.
#include <tenon/backend.h>
#include <tenon/error.h>

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "commands.h"
#include "console.h"
#include "coverage.h"
#include "text_table.h"

namespace tenon::tool {
namespace {

struct Options {
  bool coverage = false;
  bool json = false;
};

std::string json_text(const std::vector<BackendInfo>& backends) {
  auto rows = nlohmann::ordered_json::array();
  for (const BackendInfo& backend : backends) {
    rows.push_back({{"name", backend.name},
                    {"path", backend.path},
                    {"available", backend.available},
                    {"reason", backend.reason},
                    {"version", backend.version},
                    {"library", backend.library},
                    {"score", backend.score}});
  }
  // Paths need not be UTF-8, JSON must.
  return rows.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// What an op would be asked of first; empty if TENON_BACKEND cannot be honoured.
std::string first_choice() {
  try {
    const std::string names = current_backend().names();
    return names.substr(0, names.find_first_of(",:"));
  } catch (const BackendError&) {
    return {};
  }
}

std::string score_text(const BackendInfo& backend) {
  return backend.available ? fmt::format("{}", backend.score) : "-";
}

// A row for each backend, and below it where it is and why it cannot be used.
std::string table_text(const std::vector<BackendInfo>& backends) {
  const std::string chosen = first_choice();
  std::vector<std::vector<std::string>> rows = {{"", "NAME", "SCORE", "VERSION", "LIBRARY"}};
  for (const BackendInfo& backend : backends) {
    rows.push_back({backend.available && backend.name == chosen ? "*" : "", backend.name, score_text(backend),
                    backend.version, backend.library.empty() ? "-" : backend.library});
  }
  std::istringstream lines(text_table(rows, is_colourful(stdout)));
  std::string text;
  std::string line;
  std::getline(lines, line);
  text += line + "\n";
  for (const BackendInfo& backend : backends) {
    std::getline(lines, line);
    text += fmt::format("{}\n     {}\n", line, backend.path);
    for (std::size_t i = 0; i < backend.devices.size(); ++i) {
      text += fmt::format("     {}:{} {}\n", backend.name, i, backend.devices[i]);
    }
    if (!backend.available) text += fmt::format("     unavailable: {}\n", backend.reason);
  }
  return text + (chosen.empty() ? "" : "\n*: runs the ops where nothing else is chosen\n");
}

void run(const Options& options) {
  const std::vector<BackendInfo> found = backends();
  const bool colour = is_colourful(stdout);
  if (options.coverage) return print(options.json ? coverage_json(found) : coverage_table(found, colour));
  if (options.json) return print(json_text(found));
  if (found.empty()) {
    return print(
        "no plugin found: install one beside libtenon, or name its directory in TENON_PLUGIN_PATH\n");
  }
  print(table_text(found));
}

}  // namespace

void add_backends(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("backends", "List the backends that are there, and what each can do");
  command->add_flag("--coverage", options->coverage,
                    "Which op runs natively on which backend, in which dtypes");
  command->add_flag("--json", options->json, "Print a JSON array");
  command->footer("\nExamples:\n  tenon backends\n  tenon backends --coverage\n  tenon backends --json");
  command->callback([options, &action] { action = [options] { run(*options); }; });
}

}  // namespace tenon::tool
