#include "registry.h"

#include <tenon/error.h>

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "host_services.h"
#include "log.h"

namespace tenon::dispatch {
namespace {

// `tenon/` beside the shared object that holds this code.
std::filesystem::path plugins_beside_libtenon() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&plugins_beside_libtenon), &info) == 0 ||
      info.dli_fname == nullptr)
    return {};
  std::error_code error;
  const auto library = std::filesystem::canonical(info.dli_fname, error);
  return error ? std::filesystem::path() : library.parent_path() / "tenon";
}

}  // namespace

// Never destroyed: plugins stay mapped, and tensors in static storage may outlive everything else.
Registry& Registry::instance() {
  static auto* registry = new Registry;
  registry->say_what_was_found();
  return *registry;
}

Registry::Registry() {
  std::vector<std::string> notices;
  const auto directories = plugin::search_directories(plugins_beside_libtenon(), notices);
  for (std::string& notice : notices) unsaid_.emplace_back(kWarning, std::move(notice));
  for (const auto& directory : directories) searched_.push_back(directory.string());
  for (plugin::Candidate& candidate : plugin::scan(directories)) {
    unsaid_.emplace_back(kEverything,
                         fmt::format("found {} ({})", candidate.path.string(),
                                     candidate.reason.empty() ? candidate.name : candidate.reason));
    entries_.emplace_back(std::move(candidate));
  }
}

// Not while it is constructed: a log handler may call Tenon, and so come here.
void Registry::say_what_was_found() {
  const auto unsaid = [&] {
    const std::lock_guard lock(mutex_);
    return std::exchange(unsaid_, {});
  }();
  for (const auto& [level, text] : unsaid) log(level, text);
}

Backend* Registry::open(Entry& entry) {
  if (!entry.tried && entry.reason.empty()) {
    entry.tried = true;
    plugin::Opened opened = plugin::open(entry.candidate, host_services());
    if (opened.plugin != nullptr) {
      entry.backend = std::make_unique<Backend>(std::move(opened.plugin));
      opened_.push_back(entry.backend.get());
      log(kInformation, fmt::format("opened {} from {}", entry.backend->name, entry.candidate.path.string()));
    } else {
      entry.reason = std::move(opened.reason);
      log(kInformation, fmt::format("cannot use {}: {}", entry.candidate.name, entry.reason));
    }
  }
  return entry.backend.get();
}

Backend* Registry::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  Backend* found = nullptr;
  for (Entry& entry : entries_) {
    if (entry.candidate.name != name) continue;
    Backend* backend = open(entry);
    if (backend != nullptr && (found == nullptr || backend->plugin->score() > found->plugin->score()))
      found = backend;
  }
  return found;
}

Backend* Registry::best(bool on_host) {
  const std::lock_guard lock(mutex_);
  std::vector<Entry*> by_ceiling;
  for (Entry& entry : entries_) {
    if (entry.reason.empty()) by_ceiling.push_back(&entry);
  }
  std::ranges::stable_sort(by_ceiling, std::greater(),
                           [](const Entry* entry) { return entry->candidate.score_ceiling; });
  Backend* best = nullptr;
  for (Entry* entry : by_ceiling) {
    if (best != nullptr && best->plugin->score() >= entry->candidate.score_ceiling) break;
    Backend* backend = open(*entry);
    if (backend == nullptr || (on_host && !backend->devices.empty())) continue;
    if (best == nullptr || backend->plugin->score() > best->plugin->score()) best = backend;
  }
  return best;
}

std::vector<BackendInfo> Registry::describe_all() {
  const std::lock_guard lock(mutex_);
  std::vector<BackendInfo> infos;
  for (Entry& entry : entries_) {
    const Backend* backend = open(entry);
    const plugin::Candidate& candidate = entry.candidate;
    std::vector<std::string> devices;
    for (std::size_t i = 0; backend != nullptr && i < backend->devices.size(); ++i) {
      devices.emplace_back(backend->plugin->devices()[i].name);
    }
    const std::string in_use = backend == nullptr ? "" : backend->plugin->properties().library;
    infos.push_back({.name = candidate.name,
                     .path = candidate.path.string(),
                     .available = backend != nullptr,
                     .reason = entry.reason,
                     .version = candidate.version,
                     .library = in_use.empty() ? candidate.library : in_use,
                     .score = backend == nullptr ? 0 : backend->plugin->score(),
                     .devices = std::move(devices)});
  }
  return infos;
}

std::vector<Backend*> Registry::opened() {
  const std::lock_guard lock(mutex_);
  return opened_;
}

std::string Registry::candidates_text() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (Entry& entry : entries_) {
    open(entry);  // whether it is usable is known only then
    text += fmt::format("\n  {}: {}", entry.candidate.name, entry.reason.empty() ? "usable" : entry.reason);
    if (entry.reason.empty()) text += fmt::format(" ({})", entry.candidate.path.string());
  }
  if (entries_.empty()) {
    text = fmt::format("\n  none; searched: {}",
                       searched_.empty() ? "no directory" : fmt::format("{}", fmt::join(searched_, ", ")));
  }
  return text;
}

}  // namespace tenon::dispatch
