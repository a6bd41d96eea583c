#include "log.h"

#include <tenon/backend.h>

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace tenon {
namespace {

struct Log {
  std::mutex mutex;
  std::shared_ptr<const LogHandler> handler;
};

std::string_view variable() {
  const char* text = std::getenv("TENON_DEBUG");
  return text == nullptr ? std::string_view() : text;
}

Log& the_log() {
  static auto* log = new Log;
  return *log;
}

// TENON_DEBUG as a number; empty if it is none.
std::optional<int> parsed_level() {
  const std::string_view text = variable();
  int level = dispatch::kWarning;
  if (text.empty()) return level;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  const bool good = error == std::errc() && end == text.data() + text.size() && level >= 0 &&
                    level <= dispatch::kEverything;
  return good ? std::optional(level) : std::nullopt;
}

int debug_level() {
  static const std::optional<int> level = parsed_level();
  static std::atomic<bool> complained{false};
  if (!level && !complained.exchange(true)) {
    dispatch::log(dispatch::kWarning,
                  fmt::format("TENON_DEBUG={} is not a number from 0 to {}; using {}", variable(),
                              int{dispatch::kEverything}, int{dispatch::kWarning}));
  }
  return level.value_or(dispatch::kWarning);
}

std::shared_ptr<const LogHandler> current_handler() {
  const std::lock_guard lock(the_log().mutex);
  return the_log().handler;
}

}  // namespace

void set_log_handler(LogHandler handler) {
  auto shared = handler ? std::make_shared<const LogHandler>(std::move(handler)) : nullptr;
  const std::lock_guard lock(the_log().mutex);
  the_log().handler = std::move(shared);
}

namespace dispatch {

bool logs(int level) { return level <= debug_level() || current_handler() != nullptr; }

void log(int level, std::string_view message) {
  if (const auto handler = current_handler()) {
    try {
      (*handler)(level, message);
    } catch (...) {  // a message is no reason to fail, and may come from a plugin in C
    }
  } else if (level <= debug_level()) {
    const std::string line = "tenon: " + std::string(message) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace dispatch
}  // namespace tenon
