#include "backend_options.h"

#include <tenon/backend.h>

#include "console.h"
#include "usage_error.h"

namespace tenon::tool {

void BackendOptions::add_to(CLI::App& app) {
  app.add_option("--backend", backend,
                 "Backends in order of preference; TENON_BACKEND or the best if not given")
      ->type_name("LIST");
  app.add_option("--threads", threads, "Threads that a kernel may use; all processors if not given")
      ->type_name("N")
      ->transform(between(1, 1024));
}

void BackendOptions::apply() const {
  if (threads > 0) set_num_threads(threads);
  try {
    if (!backend.empty()) set_default_backend(backend);
    static_cast<void>(current_backend());
    static_cast<void>(fallback_policy());
  } catch (const BackendError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace tenon::tool
