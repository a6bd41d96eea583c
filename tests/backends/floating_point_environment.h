// Rounding mode, flush-to-zero, denormals-are-zero and exception masks of this thread.
#pragma once

#include <string>

namespace tenon::conformance {

/// A snapshot of what a kernel must leave as it found it; sticky exception flags are free to change.
class FloatingPointEnvironment {
 public:
  /// Takes the calling thread's.
  FloatingPointEnvironment();
  /// What differs from the calling thread's environment now ("rounding mode", ...), empty if nothing; puts it
  /// back to the snapshot if something did.
  [[nodiscard]] std::string restore() const;

 private:
  int rounding_;
  unsigned control_;
};

}  // namespace tenon::conformance
