#include "plugin_under_test.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <sstream>
#include <stdexcept>
#include <utility>

// Colon-separated module paths that the build passes in.
#ifndef TENON_COMPLETE_PLUGINS
#define TENON_COMPLETE_PLUGINS ""
#endif

namespace tenon::conformance {
namespace {

constexpr std::align_val_t kHostAlignment{64};

std::atomic<std::int32_t> thread_count{2};
thread_local std::string last_error;

/// Blocks that plugins hold, so that a block given back with another size is noticed.
struct Ledger {
  std::mutex mutex;
  std::map<void*, std::size_t> blocks;
  std::vector<std::string> misuse;
};

Ledger& ledger() {
  static auto* const forever = new Ledger;  // plugins may give blocks back while statics are destroyed
  return *forever;
}

void* allocate(std::size_t bytes) {
  void* const memory = ::operator new(bytes + 1, kHostAlignment, std::nothrow);
  if (memory == nullptr) return nullptr;
  std::memset(memory, 0xFF, bytes);  // whoever reads before writing reads NaN
  const std::lock_guard lock(ledger().mutex);
  ledger().blocks[memory] = bytes;
  return memory;
}

void deallocate(void* memory, std::size_t bytes) {
  if (memory == nullptr) return;
  {
    const std::lock_guard lock(ledger().mutex);
    const auto found = ledger().blocks.find(memory);
    if (found == ledger().blocks.end()) {
      ledger().misuse.emplace_back("deallocate: a block that allocate did not give");
      return;
    }
    if (found->second != bytes) {
      ledger().misuse.push_back("deallocate: " + std::to_string(bytes) + " bytes for a block of " +
                                std::to_string(found->second));
    }
    ledger().blocks.erase(found);
  }
  ::operator delete(memory, kHostAlignment);
}

const tenon_host kHost = {
    sizeof(tenon_host),
    TENON_ABI_MAJOR,
    TENON_ABI_MINOR,
    [](std::int32_t, const char*) {},
    [](const char* message) { last_error = message; },
    [] { return thread_count.load(); },
    allocate,
    deallocate,
};

std::string name_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  const std::string prefix = "tenon-backend-";
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (const auto dot = name.find('.'); dot != std::string::npos) name.erase(dot);
  return name;
}

void append(std::vector<PluginSpec>& specs, const std::string& paths, Coverage coverage) {
  std::istringstream stream(paths);
  for (std::string path; std::getline(stream, path, ':');) {
    if (!path.empty()) specs.push_back({name_of(path), path, coverage});
  }
}

}  // namespace

PluginUnderTest::PluginUnderTest(const std::string& path, Coverage coverage) : coverage_(coverage) {
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<tenon_entry>(dlsym(module, "tenon_backend_entry"));
  if (entry == nullptr) throw std::runtime_error(path + " shows no tenon_backend_entry");
  table_ = entry(&kHost);
  if (table_ == nullptr) throw std::runtime_error(path + ": " + host::take_error());
  if (table_->abi_major != TENON_ABI_MAJOR || table_->struct_size < sizeof(tenon_backend_table)) {
    throw std::runtime_error(path + " speaks another version of abi.h");
  }
  if (table_->create(&backend_) != TENON_OK) throw std::runtime_error(path + ": " + host::take_error());
  if (table_->score(backend_) <= 0) {
    const std::string reason = path + ": " + host::take_error();
    table_->destroy(backend_);
    if (has_memory()) throw NoDevice(reason);
    throw std::runtime_error(reason);
  }
  properties_.struct_size = sizeof(properties_);
  if (table_->device_properties(backend_, 0, &properties_) != TENON_OK) {
    throw std::runtime_error(path + ": " + host::take_error());
  }
}

PluginUnderTest::~PluginUnderTest() { table_->destroy(backend_); }

namespace host {

void set_num_threads(std::int32_t count) { thread_count = count; }

std::string take_error() { return std::exchange(last_error, {}); }

std::vector<std::string> take_misuse() {
  const std::lock_guard lock(ledger().mutex);
  return std::exchange(ledger().misuse, {});
}

}  // namespace host

std::vector<PluginSpec> plugins_under_test() {
  std::vector<PluginSpec> specs;
  if (const char* const named = std::getenv("TENON_TEST_PLUGINS"); named != nullptr) {
    const bool complete = std::getenv("TENON_TEST_COMPLETE") != nullptr;
    append(specs, named, complete ? Coverage::complete : Coverage::partial);
  } else {
    append(specs, TENON_COMPLETE_PLUGINS, Coverage::complete);
  }
  return specs;
}

}  // namespace tenon::conformance
