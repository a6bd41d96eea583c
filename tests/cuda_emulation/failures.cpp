#include "failures.h"

#include "gpu.h"

#include <atomic>

namespace tenon::emulation {
namespace {

std::atomic<long> calls{0};
std::atomic<long> fails_at{0};  // in calls; 0: never

}  // namespace

bool strikes() { return ++calls == fails_at; }

Machine& machine() {
  static Machine only;
  return only;
}

}  // namespace tenon::emulation

void tenon_cuda_emulation_fail_at(long n) {
  tenon::emulation::fails_at = n == 0 ? 0 : tenon::emulation::calls + n;
}

long tenon_cuda_emulation_calls() { return tenon::emulation::calls; }

std::size_t tenon_cuda_emulation_live_bytes() { return tenon::emulation::live_bytes(); }

long tenon_cuda_emulation_live_handles() { return tenon::emulation::live_handles(); }

void tenon_cuda_emulation_machine(int devices, int driver_version, int compute_capability, bool memory_pools) {
  tenon::emulation::machine() = {devices, driver_version, compute_capability, memory_pools};
}
