#include "progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "console.h"

namespace tenon::tool {

void ProgressLine::show(const std::string& text, double fraction) {
  constexpr std::size_t kWidest = 20;
  constexpr std::size_t kNarrowest = 5;
  const std::size_t room = columns(stream_) - 1;  // a full last column would wrap
  const std::size_t left = room - std::min(room, text.size() + 3);
  std::string line = text.substr(0, room);
  if (left >= kNarrowest) {
    const std::size_t width = std::min(left, kWidest);
    const std::size_t filled =
        std::min(width, static_cast<std::size_t>(fraction * static_cast<double>(width)));
    const bool colour = is_colourful(stream_);
    line = fmt::format("{}[{:#<{}}{:-<{}}]{} {}", colour ? "\x1b[32m" : "", "", filled, "", width - filled,
                       colour ? "\x1b[0m" : "", text);
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
