#include "refusal.h"

#include <tenon/plugin/host.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tenon::plugin {

namespace {

// Plain bytes: set_error may be called while a thread's other thread_local objects are being destroyed.
// Not many: a process has little static thread-local storage for libraries that it loads later.
thread_local std::array<char, 1024> last_error{};

}  // namespace

void set_error(const char* message) noexcept {
  const std::size_t size = message == nullptr ? 0 : strnlen(message, last_error.size() - 1);
  if (size != 0) std::memmove(last_error.data(), message, size);
  last_error[size] = '\0';
}

std::string take_error() {
  std::string text = last_error.data();
  last_error[0] = '\0';
  return text;
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return text;
}

std::string reason_text(const std::filesystem::path& path, const Refusal& refusal) {
  return one_line(path.string() + ": " + refusal.what + "; " + refusal.fix);
}

}  // namespace tenon::plugin
