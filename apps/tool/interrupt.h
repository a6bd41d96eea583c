#pragma once

namespace tenon::tool {

/// While it lives, the first Ctrl-C (SIGINT) or SIGTERM is noted instead of ending the process; a second one
/// ends it. One at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  [[nodiscard]] static bool interrupted();
  /// Ends the process by the signal that came, so that a shell sees what stopped it. Returns if none came.
  static void end_process();
};

}  // namespace tenon::tool
