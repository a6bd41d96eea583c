#include "failures.h"

#include "gpu.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace tenon::emulation {
namespace {

struct Asked {
  int status;
  long first;  // in calls of the function
  long last;
};

struct State {
  std::mutex mutex;
  long calls = 0;
  long fails_at = 0;  // in calls; 0: never
  std::map<std::string, long, std::less<>> calls_of;
  std::map<std::string, Asked, std::less<>> asked;
};

// Never destroyed: threads that end after main() still call.
State& state() {
  static auto* const only = new State;
  return *only;
}

}  // namespace

int strike(const char* function, int failure) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  const long calls = ++all.calls_of[function];
  if (++all.calls == all.fails_at) return failure;
  const auto asked = all.asked.find(function);
  if (asked == all.asked.end()) return 0;
  const auto& [status, first, last] = asked->second;
  return calls >= first && calls <= last ? status : 0;
}

Machine& machine() {
  static Machine only;
  return only;
}

}  // namespace tenon::emulation

using namespace tenon::emulation;  // NOLINT: what a test calls is these functions' other end

void tenon_cuda_emulation_fail_at(long n) {
  const std::lock_guard lock(state().mutex);
  state().fails_at = n == 0 ? 0 : state().calls + n;
}

void tenon_cuda_emulation_fail(const char* function, int status, long n, long count) {
  const std::lock_guard lock(state().mutex);
  const long first = state().calls_of[function] + n;
  state().asked[function] = {status, first, first + count - 1};
}

long tenon_cuda_emulation_calls() {
  const std::lock_guard lock(state().mutex);
  return state().calls;
}

long tenon_cuda_emulation_calls_of(const char* function) {
  const std::lock_guard lock(state().mutex);
  return state().calls_of[function];
}

std::size_t tenon_cuda_emulation_live_bytes() { return live_bytes(); }

long tenon_cuda_emulation_live_handles() { return live_handles(); }

bool tenon_cuda_emulation_has_context(int index) {
  const std::lock_guard lock(gpu_mutex());
  return device(index).has_context;
}

int tenon_cuda_emulation_current_device() {
  const CUcontext context = current_context();
  return context != nullptr ? context->device : -1;
}

void tenon_cuda_emulation_set_device(int device) { cudaSetDevice(device); }

Machine* tenon_cuda_emulation_machine() { return &machine(); }
