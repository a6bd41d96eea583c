// What a test asks of the layer. It finds these functions by dlsym in the module that OPENCL_LAYERS names. Any
// thread may call them.
#pragma once

#include <cstddef>

namespace tenon::opencl_layer {

/// A call of clEnqueueNDRangeKernel; what it leaves out is 0, 1 and 1.
struct Launch {
  std::size_t first[3] = {0, 0, 0};
  std::size_t items[3] = {1, 1, 1};
  std::size_t group[3] = {1, 1, 1};
};

inline constexpr long kEach = -1;

}  // namespace tenon::opencl_layer

extern "C" {
/// The n-th call from now on (1 is the next) of any function that can fail fails, once, with an error that it may
/// return, and does nothing else; 0: none.
[[gnu::visibility("default")]] void tenon_opencl_layer_fail_at(long n);
/// How many calls there were so far of functions that can fail.
[[gnu::visibility("default")]] long tenon_opencl_layer_calls();
/// The same of one function alone, "clCreateBuffer"; n = kEach: all of its calls, until the next word about it.
[[gnu::visibility("default")]] void tenon_opencl_layer_fail_at_of(const char* function, long n);
[[gnu::visibility("default")]] long tenon_opencl_layer_calls_of(const char* function);
/// The sizes of the buffers that were made and not released.
[[gnu::visibility("default")]] std::size_t tenon_opencl_layer_live_bytes();
/// Contexts, queues, buffers, programs and kernels that were made and not released.
[[gnu::visibility("default")]] long tenon_opencl_layer_live_handles();
/// clGetDeviceInfo answers `value`, a number, for `what`; clGetKernelWorkGroupInfo does where it is not above
/// the device's own answer.
[[gnu::visibility("default")]] void tenon_opencl_layer_answer(unsigned what, unsigned long value);
/// Back to the true answers.
[[gnu::visibility("default")]] void tenon_opencl_layer_answer_truly();
/// From now on launches are kept and not run; or run and not kept.
[[gnu::visibility("default")]] void tenon_opencl_layer_keep_launches(bool kept);
/// How many were kept; the first `room` of them go to `to`.
[[gnu::visibility("default")]] std::size_t tenon_opencl_layer_launches(tenon::opencl_layer::Launch* to,
                                                                       std::size_t room);
}
