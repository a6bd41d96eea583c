// Which backend runs an op. Every op goes through one door (core/src/dispatch/door.cpp), which asks the
// backends of the current selection in order and falls back on naive.
//
// The selection is that of the innermost scope that this thread is in, be it a use_backend or the call of a
// Module that has a backend (nn::Module::to): the Module's choice holds within a use_backend around its call.
// Outside of all scopes an op on tensors that lie on a device (device.h) runs there; else it is
// set_default_backend's; TENON_BACKEND's; the best available by score. Backward ops run where their forward op
// was selected to run.
#pragma once

#include <tenon/export.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

class Tensor;

namespace dispatch {
class Selection;
}

/// Backends in order of preference, each with one of its devices. Immutable, interned; comparing and copying
/// are cheap.
class TENON_API BackendChoice {
 public:
  /// No choice: what surrounds it decides.
  BackendChoice() = default;
  /// "blas", "cuda:1" for a backend's second device, or a list "onednn,blas". Opens the plugins. Throws BackendError, which lists every candidate
  /// with its reason and the fix, if one of the names is unknown or cannot be used here.
  explicit BackendChoice(std::string_view names);
  /// For the library's own parts.
  explicit BackendChoice(const dispatch::Selection* selection) : selection_(selection) {}

  /// The names as a comma-separated list; empty for no choice.
  [[nodiscard]] std::string names() const;
  [[nodiscard]] const dispatch::Selection* selection() const { return selection_; }
  friend bool operator==(const BackendChoice&, const BackendChoice&) = default;

 private:
  const dispatch::Selection* selection_ = nullptr;
};

/// Makes a choice for this thread while it lives; scopes nest. `use_backend scope("naive");`
class TENON_API use_backend {
 public:
  explicit use_backend(std::string_view names) : use_backend(BackendChoice(names)) {}
  explicit use_backend(const BackendChoice& choice);
  ~use_backend();
  use_backend(const use_backend&) = delete;
  use_backend& operator=(const use_backend&) = delete;

 private:
  const dispatch::Selection* outer_;
};

/// The choice for all threads that are in no scope. Replaces TENON_BACKEND. Throws as BackendChoice does.
TENON_API void set_default_backend(std::string_view names);
/// The choice in force on this thread. Throws BackendError if TENON_BACKEND cannot be honoured.
TENON_API BackendChoice current_backend();

/// What is said when an op runs on a backend that was not chosen, because none of the chosen does it, and when
/// it copies operands of more than one element from another memory.
enum class Fallback : std::uint8_t {
  allow,  ///< nothing
  warn,   ///< a line in the log, once per op
  error   ///< BackendError
};
/// Starts as TENON_FALLBACK=allow|warn|error, or warn. Throws BackendError on another word there.
TENON_API Fallback fallback_policy();
TENON_API void set_fallback_policy(Fallback policy);

/// One plugin file in the search path.
struct BackendInfo {
  std::string name;
  std::string path;
  bool available = false;
  std::string reason;  ///< why not available, with the fix
  std::string version;
  std::string library;  ///< the vendor library in use; what it was built for if it could not be opened
  int score = 0;
  /// Of a backend with memory of its own, by number; empty for one on host memory or one that is not available.
  std::vector<std::string> devices;
};
/// Every plugin found. Opens each of them.
TENON_API std::vector<BackendInfo> backends();
/// The names of the backends that were opened so far, in the order of opening.
TENON_API std::vector<std::string> opened_backends();

/// How one primitive op was served so far.
struct OpCount {
  std::string_view op;
  std::string backend;
  std::uint64_t calls = 0;
  std::uint64_t fallbacks = 0;     ///< those of `calls` for which this backend had not been chosen
  std::uint64_t copied_bytes = 0;  ///< of operands that lay, and results that are to lie, in another memory
};
/// All pairs with calls > 0, ops in table order. Counts are kept over the whole process.
TENON_API std::vector<OpCount> op_counts();
TENON_API void reset_op_counts();

/// Threads a kernel may use for a call from this thread: set_num_threads, else TENON_NUM_THREADS, else the
/// processors that this process may run on; 1 in a process that was forked from one that used Tenon.
TENON_API int num_threads();
/// For all threads. Throws IndexError unless 1 <= threads <= 1024.
TENON_API void set_num_threads(int threads);

/// Receives what core has to say: level 1 error, 2 warning, 3 information, 4 everything. The default writes
/// levels up to TENON_DEBUG (2 if unset) to standard error. May be called from any thread, and may call Tenon; what it
/// throws is dropped.
using LogHandler = std::function<void(int level, std::string_view message)>;
TENON_API void set_log_handler(LogHandler handler);

}  // namespace tenon
