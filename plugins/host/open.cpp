#include "abi_1_0.h"
#include "judge.h"
#include "refusal.h"

#include <tenon/plugin/host.h>

#include <boost/dll/shared_library.hpp>

#include <dlfcn.h>
#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

namespace tenon::plugin {

namespace {

constexpr const char* kEntryName = "tenon_backend_entry";
constexpr const char* kReport = "report it to the plugin's author";

/// Keeps a library mapped until the process ends. The list is never destroyed: nothing is closed at exit,
/// when the plugin's threads and thread_local objects may still be alive.
boost::dll::shared_library& keep(boost::dll::shared_library library) {
  static std::mutex mutex;
  static auto& kept = *new std::deque<boost::dll::shared_library>();
  const std::lock_guard lock(mutex);
  return kept.emplace_back(std::move(library));
}

/// Throws Refusal with the loader's own text, which Boost's error code does not carry.
boost::dll::shared_library& load(const std::filesystem::path& path, boost::dll::load_mode::type mode,
                                 const std::string& what, const std::string& fix) {
  boost::dll::shared_library library;
  boost::dll::fs::error_code error;
  ::dlerror();
  library.load(path, error, mode);
  if (error) {
    const char* const text = ::dlerror();
    throw Refusal{what + ": " + (text != nullptr ? text : error.message()), fix};
  }
  return keep(std::move(library));
}

std::string said_or(const char* otherwise) {
  std::string text = take_error();
  return text.empty() ? otherwise : text;
}

const tenon_backend_table& checked(const tenon_backend_table* table) {
  if (table == nullptr) {
    throw Refusal{"declines: " + said_or("its entry returned null without a reason"),
                  "mend that, or choose another backend"};
  }
  if (table->abi_major != TENON_ABI_MAJOR || table->struct_size < kTableSize10) {
    throw Refusal{"returned a table of ABI major " + std::to_string(table->abi_major) + " with " +
                      std::to_string(table->struct_size) + " bytes, not of " +
                      std::to_string(TENON_ABI_MAJOR) + " with at least " + std::to_string(kTableSize10),
                  "rebuild the plugin with this Tenon's abi.h"};
  }
  const std::pair<bool, const char*> required[] = {{table->create != nullptr, "create"},
                                                   {table->destroy != nullptr, "destroy"},
                                                   {table->score != nullptr, "score"},
                                                   {table->device_count != nullptr, "device_count"},
                                                   {table->device_properties != nullptr, "device_properties"},
                                                   {table->supports != nullptr, "supports"},
                                                   {table->run != nullptr, "run"}};
  for (const auto& [present, function] : required) {
    if (!present) throw Refusal{std::string("has no function '") + function + "' in its table", kReport};
  }
  const bool memory[] = {table->allocate != nullptr, table->deallocate != nullptr, table->copy != nullptr,
                         table->synchronize != nullptr};
  if (std::ranges::count(memory, memory[0]) != std::ssize(memory)) {
    throw Refusal{"has some of allocate, deallocate, copy and synchronize, not all of them", kReport};
  }
  return *table;
}

std::vector<tenon_device_properties> checked_devices(const tenon_backend_table& table,
                                                     tenon_backend* instance) {
  const std::int32_t count = table.device_count(instance);
  if (count < 1) throw Refusal{"finds no device: " + said_or("it gives no reason"), "choose another backend"};
  std::vector<tenon_device_properties> devices;
  for (std::int32_t index = 0; index < count; ++index) {
    tenon_device_properties properties{};
    properties.struct_size = sizeof properties;
    if (table.device_properties(instance, index, &properties) != TENON_OK) {
      throw Refusal{"cannot describe device " + std::to_string(index) + ": " + said_or("it gives no reason"),
                    kReport};
    }
    if ((properties.device.device_type == kDLCPU) != (table.allocate == nullptr)) {
      throw Refusal{"names device type " + std::to_string(properties.device.device_type) +
                        (table.allocate == nullptr ? " but has no functions for its memory"
                                                   : " but has functions for other memory"),
                    kReport};
    }
    std::end(properties.name)[-1] = '\0';
    std::end(properties.library)[-1] = '\0';
    devices.push_back(properties);
  }
  return devices;
}

/// Destroys the instance unless it was released.
class Instance {
 public:
  explicit Instance(const tenon_backend_table& table) : table_(table) {
    if (table_.create(&instance_) != TENON_OK) {
      throw Refusal{"cannot start: " + said_or("it gives no reason"), "mend that, or choose another backend"};
    }
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    if (!released_) table_.destroy(instance_);
  }
  [[nodiscard]] tenon_backend* get() const { return instance_; }
  tenon_backend* release() {
    released_ = true;
    return instance_;
  }

 private:
  const tenon_backend_table& table_;
  tenon_backend* instance_ = nullptr;
  bool released_ = false;
};

int checked_score(const tenon_backend_table& table, tenon_backend* instance, const Candidate& candidate,
                  const tenon_host& services) {
  const int score = table.score(instance);
  if (score <= 0) {
    throw Refusal{"cannot run here: " + said_or("it gives no reason"),
                  "mend that, or choose another backend"};
  }
  if (score > candidate.score_ceiling) {
    const std::string message =
        one_line(candidate.path.string() + ": score " + std::to_string(score) +
                 " is lowered to the passport's ceiling " + std::to_string(candidate.score_ceiling));
    services.log(2, message.c_str());
  }
  return std::min(score, candidate.score_ceiling);
}

std::unique_ptr<Plugin> opened(const Candidate& candidate, const tenon_host& services) {
  namespace mode = boost::dll::load_mode;
  if (!candidate.driver.empty()) {
    load(candidate.driver, mode::rtld_lazy | mode::rtld_local | mode::search_system_folders,
         "needs the driver " + candidate.driver, "install the driver, or choose another backend");
  }
  auto& library = load(candidate.path, mode::rtld_now | mode::rtld_local, "cannot be loaded",
                       "install what it needs, or rebuild it");
  if (!library.has(kEntryName)) {
    throw Refusal{std::string("exports no ") + kEntryName,
                  "say TENON_EXPORT_BACKEND once in the plugin, and rebuild it"};
  }
  const auto entry = library.get<const tenon_backend_table*(const tenon_host*)>(kEntryName);
  take_error();
  const tenon_backend_table& table = checked(entry(&services));
  Instance instance(table);
  const int score = checked_score(table, instance.get(), candidate, services);
  std::vector<tenon_device_properties> devices = checked_devices(table, instance.get());
  return std::make_unique<Plugin>(candidate, &table, instance.release(), score, std::move(devices));
}

}  // namespace

Plugin::Plugin(Candidate candidate, const tenon_backend_table* table, tenon_backend* instance, int score,
               std::vector<tenon_device_properties> devices)
    : candidate_(std::move(candidate)),
      table_(table),
      instance_(instance),
      score_(score),
      devices_(std::move(devices)) {}

Opened open(const Candidate& candidate, const tenon_host& services) {
  const Candidate judged = judge(candidate.path);
  if (!judged.reason.empty()) return {nullptr, judged.reason};
  const auto refused = [&](std::string what, std::string fix) {
    return Opened{nullptr, reason_text(judged.path, {std::move(what), std::move(fix)})};
  };
  try {
    return {opened(judged, services), {}};
  } catch (const Refusal& refusal) {
    return refused(refusal.what, refusal.fix);
  } catch (const std::exception& error) {
    return refused(std::string("threw while it was opened: ") + error.what(), kReport);
  } catch (...) {
    return refused("threw while it was opened: no std::exception", kReport);
  }
}

}  // namespace tenon::plugin
