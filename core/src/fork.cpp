#include "fork.h"

#include <pthread.h>
#include <tenon/backend.h>

#include <atomic>

namespace tenon {
namespace {

std::atomic<int> count{0};

void in_child() {
  count.fetch_add(1, std::memory_order_relaxed);
  set_num_threads(1);
}

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, in_child);

}  // namespace

int forks() { return count.load(std::memory_order_relaxed); }

}  // namespace tenon
