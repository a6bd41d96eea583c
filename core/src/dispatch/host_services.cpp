#include "host_services.h"

#include <tenon/backend.h>
#include <tenon/error.h>
#include <tenon/plugin/host.h>
#include <tenon/storage.h>

#include <fmt/format.h>
#include <sched.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "log.h"

namespace tenon {
namespace {

constexpr int kMostThreads = 1024;

int available_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(CPU_COUNT(&set), 1);
}

std::atomic<int> thread_count{0};  // 0: nobody has said or asked yet

int set_initial_threads() {
  const char* text = std::getenv("TENON_NUM_THREADS");
  const bool given = text != nullptr && *text != '\0';
  int threads = 0;
  bool good = false;
  if (given) {
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), threads);
    good = error == std::errc() && *end == '\0' && threads >= 1 && threads <= kMostThreads;
  }
  if (!good) threads = available_processors();
  int before = 0;
  if (!thread_count.compare_exchange_strong(before, threads)) return before;
  if (given && !good) {
    dispatch::log(dispatch::kWarning,
                  fmt::format("TENON_NUM_THREADS={} is not a number from 1 to {}; using {}", text,
                              kMostThreads, threads));
  }
  return threads;
}

}  // namespace

int num_threads() {
  const int threads = thread_count.load(std::memory_order_relaxed);
  return threads > 0 ? threads : set_initial_threads();
}

void set_num_threads(int threads) {
  if (threads < 1 || threads > kMostThreads) {
    throw IndexError(fmt::format("[set_num_threads] {} is not in [1, {}]", threads, kMostThreads));
  }
  thread_count.store(threads, std::memory_order_relaxed);
}

namespace dispatch {

const tenon_host& host_services() {
  static constexpr tenon_host services = {
      sizeof(tenon_host),
      TENON_ABI_MAJOR,
      TENON_ABI_MINOR,
      [](std::int32_t level, const char* message) { log(level, message); },
      plugin::set_error,
      [] { return static_cast<std::int32_t>(num_threads()); },
      [](std::size_t bytes) -> void* {
        try {
          return host_memory::allocate(bytes);
        } catch (...) {  // no memory for the text of the error, perhaps
          return nullptr;
        }
      },
      [](void* memory, std::size_t bytes) { host_memory::deallocate(memory, bytes); },
  };
  return services;
}

}  // namespace dispatch
}  // namespace tenon
