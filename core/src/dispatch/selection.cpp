#include "selection.h"

#include <tenon/backend.h>
#include <tenon/error.h>

#include <fmt/format.h>
#include <stdlib.h>

#include <map>
#include <mutex>

#include "registry.h"

namespace tenon {
namespace dispatch {
namespace {

[[gnu::tls_model("initial-exec")]] thread_local const Selection* thread_selection = nullptr;
std::atomic<const Selection*> process_selection{nullptr};

const Selection& intern(std::vector<Backend*> backends) {
  static std::mutex mutex;
  static auto* known = new std::map<std::vector<Backend*>, std::unique_ptr<const Selection>>;
  const std::lock_guard lock(mutex);
  auto& selection = (*known)[backends];
  if (selection == nullptr) selection = std::make_unique<const Selection>(std::move(backends));
  return *selection;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// TENON_BACKEND, or the best that there is.
const Selection& initial_selection() {
  const char* names = secure_getenv("TENON_BACKEND");
  if (names != nullptr && !trim(names).empty()) return select(names);
  Backend* best = Registry::instance().best();
  if (best == nullptr) {
    throw BackendError("no backend can be used; candidates:" + Registry::instance().candidates_text() +
                       "\ninstall one beside libtenon, or name its directory in TENON_PLUGIN_PATH");
  }
  return intern({best});
}

}  // namespace

std::string Selection::names() const {
  std::string names;
  for (const Backend* backend : backends_) names += (names.empty() ? "" : ",") + backend->name;
  return names;
}

const Selection& select(std::string_view names) {
  std::vector<Backend*> backends;
  std::string_view rest = names;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = trim(rest.substr(0, comma));
    Backend* backend = name.empty() ? nullptr : Registry::instance().find(name);
    if (backend == nullptr) {
      throw BackendError(fmt::format(
          "backend '{}' cannot be used; candidates:{}\nchoose a usable one with TENON_BACKEND or --backend, "
          "or mend what is said beside its name",
          name, Registry::instance().candidates_text()));
    }
    if (std::ranges::find(backends, backend) == backends.end()) backends.push_back(backend);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return intern(std::move(backends));
}

const Selection& current() {
  if (thread_selection != nullptr) return *thread_selection;
  const Selection* selection = process_selection.load(std::memory_order_acquire);
  if (selection == nullptr) {
    const Selection* expected = nullptr;
    selection = &initial_selection();
    if (!process_selection.compare_exchange_strong(expected, selection)) selection = expected;
  }
  return *selection;
}

const Selection* scoped() { return thread_selection; }
void set_scoped(const Selection* selection) { thread_selection = selection; }

Backend* last_resort() {
  static std::atomic<Backend*> naive{nullptr};
  Backend* found = naive.load(std::memory_order_acquire);
  if (found == nullptr) naive.store(found = Registry::instance().find("naive"), std::memory_order_release);
  return found;
}

}  // namespace dispatch

BackendChoice::BackendChoice(std::string_view names) : selection_(&dispatch::select(names)) {}
std::string BackendChoice::names() const { return selection_ == nullptr ? "" : selection_->names(); }

use_backend::use_backend(const BackendChoice& choice) : outer_(dispatch::scoped()) {
  if (choice.selection() != nullptr) dispatch::set_scoped(choice.selection());
}
use_backend::~use_backend() { dispatch::set_scoped(outer_); }

void set_default_backend(std::string_view names) {
  dispatch::process_selection.store(&dispatch::select(names), std::memory_order_release);
}

BackendChoice current_backend() { return BackendChoice(&dispatch::current()); }

std::vector<BackendInfo> backends() { return dispatch::Registry::instance().describe_all(); }

std::vector<std::string> opened_backends() {
  std::vector<std::string> names;
  for (const dispatch::Backend* backend : dispatch::Registry::instance().opened())
    names.push_back(backend->name);
  return names;
}

}  // namespace tenon
