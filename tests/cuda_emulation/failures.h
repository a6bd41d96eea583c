// The failures that a test asks for. The exported functions at the end are what a test finds by dlsym in the
// emulated module.
#pragma once

#include <cstddef>

namespace tenon::emulation {

/// Counts one call of the API, and says whether it is the one that shall fail. Any thread.
bool strikes();

/// What the machine is like; set by a test before the backend is created.
struct Machine {
  int devices = 2;
  int driver_version = 13000;
  int compute_capability = 90;
  bool memory_pools = true;
};
Machine& machine();

/// The CUDA version that the emulated runtime answers with.
inline constexpr int kRuntimeVersion = 13000;

}  // namespace tenon::emulation

extern "C" {
/// The n-th call of the API from now on (1 is the next) fails, once, with an error that its function may
/// return; 0: none.
[[gnu::visibility("default")]] void tenon_cuda_emulation_fail_at(long n);
/// How often the API was called so far.
[[gnu::visibility("default")]] long tenon_cuda_emulation_calls();
/// Device memory that is allocated and was not given back, on all devices.
[[gnu::visibility("default")]] std::size_t tenon_cuda_emulation_live_bytes();
/// Streams, events and library handles that exist.
[[gnu::visibility("default")]] long tenon_cuda_emulation_live_handles();
/// What the backend finds when it is created next; see Machine.
[[gnu::visibility("default")]] void tenon_cuda_emulation_machine(int devices, int driver_version,
                                                                 int compute_capability, bool memory_pools);
}
