#include "progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "console.h"

namespace tenon::tool {

void ProgressLine::show(const std::string& text, double fraction) {
  constexpr std::size_t kBar = 20;
  const std::size_t filled = std::min(kBar, static_cast<std::size_t>(fraction * kBar));
  const std::size_t room = columns(stream_) - 1;  // a full last column would wrap
  std::string line = fmt::format("[{:#<{}}{:-<{}}] {}", "", filled, "", kBar - filled, text);
  if (line.size() > room) line = text;
  line.resize(std::min(line.size(), room));
  if (is_colourful(stream_) && line.front() == '[') {
    line = fmt::format("\x1b[32m{}\x1b[0m{}", line.substr(0, kBar + 2), line.substr(kBar + 2));
  }
  fmt::print(stream_, "\r\x1b[K{}", line);
  std::fflush(stream_);
  visible_ = true;
  shown_at_ = Clock::now();
}

void ProgressLine::clear() {
  if (!visible_) return;
  std::fputs("\r\x1b[K", stream_);
  std::fflush(stream_);
  visible_ = false;
}

}  // namespace tenon::tool
