#include "log.h"

#include <tenon/backend.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

namespace tenon {
namespace {

struct Log {
  std::mutex mutex;
  std::shared_ptr<const LogHandler> handler;
};

Log& the_log() {
  static auto* log = new Log;
  return *log;
}

int debug_level() {
  static const int level = [] {
    const char* text = std::getenv("TENON_DEBUG");
    return text == nullptr || *text == '\0' ? int{dispatch::kWarning} : std::atoi(text);
  }();
  return level;
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
    (*handler)(level, message);
  } else if (level <= debug_level()) {
    const std::string line = "tenon: " + std::string(message) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace dispatch
}  // namespace tenon
