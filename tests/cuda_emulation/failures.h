// The failures that a test asks for. The exported functions at the end are what a test finds by dlsym in the
// emulated module.
#pragma once

#include <cstddef>

namespace tenon::emulation {

/// Counts one call of a function of the API, and gives the status with which it shall fail, or 0. `failure`
/// is one that the function may return. Any thread.
int strike(const char* function, int failure);

/// What the machine is like; changed by a test before the backend is created.
struct Machine {
  int devices = 2;
  int driver_version = 13000;
  int compute_capability[2] = {90, 90};  ///< of each device
  bool memory_pools = true;
  int taken_device = -1;  ///< another process has it to itself
};
Machine& machine();

/// The CUDA version that the emulated runtime answers with.
inline constexpr int kRuntimeVersion = 13000;

}  // namespace tenon::emulation

extern "C" {
/// The n-th call of the API from now on (1 is the next) fails, once, with an error that its function may
/// return; 0: none.
[[gnu::visibility("default")]] void tenon_cuda_emulation_fail_at(long n);
/// The n-th call of one function from now on and the calls after it, `count` in all, fail with a status.
[[gnu::visibility("default")]] void tenon_cuda_emulation_fail(const char* function, int status, long n,
                                                              long count);
/// How often the API was called so far; one function of it.
[[gnu::visibility("default")]] long tenon_cuda_emulation_calls();
[[gnu::visibility("default")]] long tenon_cuda_emulation_calls_of(const char* function);
/// Device memory that is allocated and was not given back, on all devices.
[[gnu::visibility("default")]] std::size_t tenon_cuda_emulation_live_bytes();
/// Streams, events, memory pools and library handles that exist.
[[gnu::visibility("default")]] long tenon_cuda_emulation_live_handles();
/// Whether this process has a context on a device.
[[gnu::visibility("default")]] bool tenon_cuda_emulation_has_context(int device);
/// The device of this thread's current context, or -1; cudaSetDevice.
[[gnu::visibility("default")]] int tenon_cuda_emulation_current_device();
[[gnu::visibility("default")]] void tenon_cuda_emulation_set_device(int device);
[[gnu::visibility("default")]] tenon::emulation::Machine* tenon_cuda_emulation_machine();
}
