// OpenCL's C API, and its failures as exceptions that name the call and the error.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace tenon::opencl {

/// "CL_OUT_OF_RESOURCES", or the number if it has no name here.
std::string error_name(cl_int code);

/// A call of OpenCL or CLBlast failed.
class OpenClError : public std::runtime_error {
 public:
  OpenClError(const std::string& call, cl_int code);
};

/// Throws OpenClError unless `code` is CL_SUCCESS.
void check(cl_int code, const char* call);
/// The same of a call that takes memory, if only when what it queues begins: plugin::OutOfDeviceMemory where
/// that is what lacks.
void check_memory(cl_int code, const char* call);

/// Owns a reference to an OpenCL object.
template <auto release>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
template <typename Handle, auto release>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Release<release>>;

using OwnedContext = Owned<cl_context, clReleaseContext>;
using OwnedQueue = Owned<cl_command_queue, clReleaseCommandQueue>;
using OwnedProgram = Owned<cl_program, clReleaseProgram>;
using OwnedKernel = Owned<cl_kernel, clReleaseKernel>;
using OwnedMemory = Owned<cl_mem, clReleaseMemObject>;
using OwnedEvent = Owned<cl_event, clReleaseEvent>;

}  // namespace tenon::opencl
