#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace tenon::tool {

/// One line at the bottom of a terminal that is written over again and again.
class ProgressLine {
 public:
  /// A null stream shows nothing.
  explicit ProgressLine(std::FILE* stream) : stream_(stream) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether the line is old enough to be worth another look.
  [[nodiscard]] bool is_due() const { return stream_ != nullptr && Clock::now() - shown_at_ >= kInterval; }
  /// A bar that is filled to `fraction`, then `text`, cut to the width of the terminal.
  void show(const std::string& text, double fraction);
  /// Takes the line away, so that others can be printed.
  void clear();
  /// Since this object was made.
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kInterval{100};

  std::FILE* stream_;
  bool visible_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_at_{};
};

}  // namespace tenon::tool
