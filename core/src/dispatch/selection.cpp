#include "selection.h"

#include <tenon/backend.h>
#include <tenon/error.h>

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <mutex>

#include "registry.h"

namespace tenon {
namespace dispatch {
namespace {

[[gnu::tls_model("initial-exec")]] thread_local const Selection* thread_selection = nullptr;
std::atomic<const Selection*> process_selection{nullptr};

const Selection& intern(std::vector<Target> targets) {
  static std::mutex mutex;
  static auto* known = new std::map<std::vector<Target>, std::unique_ptr<const Selection>>;
  const std::lock_guard lock(mutex);
  auto& selection = (*known)[targets];
  if (selection == nullptr) selection = std::make_unique<const Selection>(std::move(targets));
  return *selection;
}

Target first_target(Backend& backend) {
  return {&backend, backend.devices.empty() ? nullptr : backend.devices[0].get()};
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
  return intern({first_target(*best)});
}

// The best of those on host memory, which prepares data for a device. Not a static object: opening plugins logs,
// and a log handler may come here.
const Selection& host_selection() {
  static std::atomic<const Selection*> known{nullptr};
  if (const Selection* selection = known.load(std::memory_order_acquire)) return *selection;
  Backend* best = Registry::instance().best(/*on_host=*/true);
  if (best == nullptr) {
    throw BackendError("no backend on host memory can be used; candidates:" +
                       Registry::instance().candidates_text());
  }
  const Selection* const selection = &intern({first_target(*best)});
  known.store(selection, std::memory_order_release);
  return *selection;
}

}  // namespace

Backend::Backend(std::unique_ptr<plugin::Plugin> opened)
    : plugin(std::move(opened)),
      name(plugin->candidate().name),
      table(&plugin->table()),
      instance(plugin->instance()) {
  if (table->allocate == nullptr) return;
  for (const tenon_device_properties& device : plugin->devices()) {
    const auto index = static_cast<std::int32_t>(devices.size());
    devices.push_back(std::make_unique<DeviceMemory>(*table, instance, index, name, device.device));
  }
}

std::string Target::name() const {
  return memory == nullptr || memory->index() == 0 ? backend->name : memory->name();
}

std::string Selection::names() const {
  std::string names;
  for (const Target& target : targets_) {
    if (!names.empty()) names += ',';
    names += target.name();
  }
  return names;
}

Target find_target(std::string_view name) {
  const std::size_t colon = name.find(':');
  Backend* backend = name.empty() ? nullptr : Registry::instance().find(name.substr(0, colon));
  if (backend == nullptr) {
    throw BackendError(fmt::format(
        "backend '{}' cannot be used; candidates:{}\nchoose a usable one with TENON_BACKEND or --backend, "
        "or mend what is said beside its name",
        name, Registry::instance().candidates_text()));
  }
  if (colon == std::string_view::npos) return first_target(*backend);
  const std::string_view digits = name.substr(colon + 1);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size() || index >= backend->devices.size()) {
    throw BackendError(
        backend->devices.empty()
            ? fmt::format("'{}': {} has no devices; it works on host memory", name, backend->name)
            : fmt::format("'{}' is not there: the devices of {} are numbered from 0 to {}", name,
                          backend->name, backend->devices.size() - 1));
  }
  return {backend, backend->devices[index].get()};
}

const Selection& select(std::string_view names) {
  std::vector<Target> targets;
  std::string_view rest = names;
  while (true) {
    const std::size_t comma = rest.find(',');
    const Target target = find_target(trim(rest.substr(0, comma)));
    if (std::ranges::find(targets, target) == targets.end()) targets.push_back(target);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return intern(std::move(targets));
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

namespace {

// What to choose in `memory`, which is not where `now` puts its results.
const Selection& elsewhere(const Selection& now, DeviceMemory* memory) {
  std::vector<Target> there;
  std::ranges::copy_if(now.targets(), std::back_inserter(there),
                       [memory](const Target& target) { return target.memory == memory; });
  if (!there.empty()) return intern(std::move(there));
  if (memory == nullptr) return host_selection();
  for (Backend* backend : Registry::instance().opened()) {
    if (backend->instance != memory->instance()) continue;
    // What its own backend declines goes to those that were chosen.
    there.push_back({backend, memory});
    std::ranges::copy(now.targets(), std::back_inserter(there));
    return intern(std::move(there));
  }
  return now;  // not reached: memory comes from an open backend
}

}  // namespace

const Selection& selection_on(DeviceMemory* memory) {
  const Selection& now = current();
  if (now.memory() == memory) return now;
  // The last answer, for it takes locks and is always the same: selections are interned.
  struct Answer {
    const Selection* now;
    DeviceMemory* memory;
    const Selection* selection;
  };
  [[gnu::tls_model("initial-exec")]] thread_local Answer last{};
  if (last.now != &now || last.memory != memory) last = {&now, memory, &elsewhere(now, memory)};
  return *last.selection;
}

const Selection& selection_for(DeviceMemory* memory) {
  return thread_selection != nullptr ? *thread_selection : selection_on(memory);
}

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
