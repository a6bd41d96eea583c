// A layer between the loader of OpenCL and its drivers: calls are counted and fail on demand.
#include "layer.h"

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl_layer.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace tenon::opencl_layer {
namespace {

cl_icd_dispatch next{};   // what calls go on to
cl_icd_dispatch table{};  // what the loader calls

/// Counts calls, and knows which of them shall fail.
struct Calls {
  std::atomic<long> count{0};
  std::atomic<long> fails_at{0};  // in calls; 0: none

  bool strikes() {
    const long failing = fails_at;
    return ++count == failing || failing == kEach;
  }
  void fail_at(long n) { fails_at = n > 0 ? count + n : n; }
};

Calls all_calls;
std::map<std::string_view, Calls*> calls_by_name;
std::atomic<std::size_t> live_bytes{0};
std::atomic<long> live_handles{0};

std::mutex mutex;  // guards all that follows
std::map<cl_device_info, std::uint64_t> answers;
bool keeps_launches = false;
std::vector<Launch> launches;

/// A function of the API that can fail: it returns an error, or a handle and an error by its last argument.
template <auto kFunction>
struct Fallible;
template <typename Result, typename... Arguments,
          Result (CL_API_CALL* cl_icd_dispatch::*kFunction)(Arguments...)>
struct Fallible<kFunction> {
  inline static Calls calls;
  inline static cl_int error = CL_SUCCESS;

  static Result CL_API_CALL call(Arguments... arguments) {
    const bool struck = all_calls.strikes();
    if (!calls.strikes() && !struck) return (next.*kFunction)(arguments...);
    if constexpr (std::is_same_v<Result, cl_int>) {
      return error;
    } else {
      cl_int* const code = std::get<sizeof...(Arguments) - 1>(std::tuple(arguments...));
      if (code != nullptr) *code = error;
      return nullptr;
    }
  }
};

std::size_t size_of(cl_mem memory) {
  std::size_t size = 0;
  next.clGetMemObjectInfo(memory, CL_MEM_SIZE, sizeof(size), &size, nullptr);
  return size;
}

/// Makes an object.
template <auto kFunction>
struct Maker;
template <typename Handle, typename... Arguments,
          Handle (CL_API_CALL* cl_icd_dispatch::*kFunction)(Arguments...)>
struct Maker<kFunction> {
  static Handle CL_API_CALL call(Arguments... arguments) {
    const Handle made = Fallible<kFunction>::call(arguments...);
    if (made == nullptr) return made;
    ++live_handles;
    if constexpr (std::is_same_v<Handle, cl_mem>) live_bytes += size_of(made);
    return made;
  }
};

/// Releases one.
template <auto kFunction>
struct Releaser;
template <typename Handle, cl_int (CL_API_CALL* cl_icd_dispatch::*kFunction)(Handle)>
struct Releaser<kFunction> {
  static cl_int CL_API_CALL call(Handle handle) {
    --live_handles;
    if constexpr (std::is_same_v<Handle, cl_mem>) live_bytes -= size_of(handle);
    return (next.*kFunction)(handle);
  }
};

template <auto kFunction>
void may_fail(const char* name, cl_int error) {
  Fallible<kFunction>::error = error;
  calls_by_name[name] = &Fallible<kFunction>::calls;
  table.*kFunction = Fallible<kFunction>::call;
}

template <auto kMake, auto kRelease>
void counts(const char* name, cl_int error) {
  may_fail<kMake>(name, error);
  table.*kMake = Maker<kMake>::call;
  table.*kRelease = Releaser<kRelease>::call;
}

/// Puts the test's answer, if there is one, in place of a number that was given.
void change_answer(cl_uint what, bool only_downwards, std::size_t size, void* value) {
  const std::lock_guard lock(mutex);
  const auto found = answers.find(what);
  if (found == answers.end() || value == nullptr || size > sizeof(std::uint64_t)) return;
  std::uint64_t answer = 0;
  std::memcpy(&answer, value, size);
  answer = only_downwards ? std::min(answer, found->second) : found->second;
  std::memcpy(value, &answer, size);
}

cl_int CL_API_CALL get_device_info(cl_device_id device, cl_device_info what, std::size_t room, void* value,
                                   std::size_t* size) {
  const cl_int code = Fallible<&cl_icd_dispatch::clGetDeviceInfo>::call(device, what, room, value, size);
  if (code == CL_SUCCESS) change_answer(what, false, room, value);
  return code;
}

cl_int CL_API_CALL get_group_info(cl_kernel kernel, cl_device_id device, cl_kernel_work_group_info what,
                                  std::size_t room, void* value, std::size_t* size) {
  const cl_int code =
      Fallible<&cl_icd_dispatch::clGetKernelWorkGroupInfo>::call(kernel, device, what, room, value, size);
  if (code == CL_SUCCESS) change_answer(what, true, room, value);
  return code;
}

cl_int CL_API_CALL launch(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                          const std::size_t* first, const std::size_t* items, const std::size_t* group,
                          cl_uint count, const cl_event* awaited, cl_event* event) {
  {
    const std::lock_guard lock(mutex);
    if (keeps_launches) {
      Launch& kept = launches.emplace_back();
      if (first != nullptr) std::copy_n(first, dimensions, kept.first);
      std::copy_n(items, dimensions, kept.items);
      std::copy_n(group, dimensions, kept.group);
      return CL_SUCCESS;
    }
  }
  return Fallible<&cl_icd_dispatch::clEnqueueNDRangeKernel>::call(queue, kernel, dimensions, first, items,
                                                                  group, count, awaited, event);
}

void install() {
  using D = cl_icd_dispatch;
  may_fail<&D::clGetPlatformIDs>("clGetPlatformIDs", CL_OUT_OF_HOST_MEMORY);
  may_fail<&D::clGetDeviceIDs>("clGetDeviceIDs", CL_OUT_OF_RESOURCES);
  may_fail<&D::clGetDeviceInfo>("clGetDeviceInfo", CL_OUT_OF_RESOURCES);
  table.clGetDeviceInfo = get_device_info;
  counts<&D::clCreateContext, &D::clReleaseContext>("clCreateContext", CL_DEVICE_NOT_AVAILABLE);
  counts<&D::clCreateCommandQueue, &D::clReleaseCommandQueue>("clCreateCommandQueue", CL_OUT_OF_HOST_MEMORY);
  counts<&D::clCreateBuffer, &D::clReleaseMemObject>("clCreateBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  counts<&D::clCreateProgramWithSource, &D::clReleaseProgram>("clCreateProgramWithSource",
                                                              CL_OUT_OF_HOST_MEMORY);
  counts<&D::clCreateProgramWithBinary, &D::clReleaseProgram>("clCreateProgramWithBinary", CL_INVALID_BINARY);
  may_fail<&D::clBuildProgram>("clBuildProgram", CL_BUILD_PROGRAM_FAILURE);
  may_fail<&D::clGetProgramInfo>("clGetProgramInfo", CL_OUT_OF_RESOURCES);
  may_fail<&D::clGetProgramBuildInfo>("clGetProgramBuildInfo", CL_OUT_OF_RESOURCES);
  counts<&D::clCreateKernel, &D::clReleaseKernel>("clCreateKernel", CL_OUT_OF_RESOURCES);
  may_fail<&D::clSetKernelArg>("clSetKernelArg", CL_OUT_OF_RESOURCES);
  may_fail<&D::clGetKernelWorkGroupInfo>("clGetKernelWorkGroupInfo", CL_OUT_OF_RESOURCES);
  table.clGetKernelWorkGroupInfo = get_group_info;
  may_fail<&D::clWaitForEvents>("clWaitForEvents", CL_OUT_OF_RESOURCES);
  may_fail<&D::clFlush>("clFlush", CL_OUT_OF_HOST_MEMORY);
  may_fail<&D::clFinish>("clFinish", CL_OUT_OF_RESOURCES);
  may_fail<&D::clEnqueueReadBuffer>("clEnqueueReadBuffer", CL_OUT_OF_RESOURCES);
  may_fail<&D::clEnqueueWriteBuffer>("clEnqueueWriteBuffer", CL_OUT_OF_RESOURCES);
  may_fail<&D::clEnqueueCopyBuffer>("clEnqueueCopyBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  may_fail<&D::clEnqueueNDRangeKernel>("clEnqueueNDRangeKernel", CL_OUT_OF_RESOURCES);
  table.clEnqueueNDRangeKernel = launch;
}

}  // namespace
}  // namespace tenon::opencl_layer

namespace layer = tenon::opencl_layer;

extern "C" {

[[gnu::visibility("default")]] cl_int clGetLayerInfo(cl_layer_info what, std::size_t room, void* value,
                                                     std::size_t* size) {
  constexpr cl_layer_api_version kVersion = CL_LAYER_API_VERSION_100;
  if (what != CL_LAYER_API_VERSION || (value != nullptr && room < sizeof(kVersion))) return CL_INVALID_VALUE;
  if (value != nullptr) std::memcpy(value, &kVersion, sizeof(kVersion));
  if (size != nullptr) *size = sizeof(kVersion);
  return CL_SUCCESS;
}

[[gnu::visibility("default")]] cl_int clInitLayer(cl_uint entries, const cl_icd_dispatch* below,
                                                  cl_uint* entries_here, const cl_icd_dispatch** here) {
  constexpr cl_uint kEntries = sizeof(layer::table) / sizeof(void*);
  std::memcpy(&layer::next, below, std::min(entries, kEntries) * sizeof(void*));
  layer::table = layer::next;
  layer::install();
  *entries_here = kEntries;
  *here = &layer::table;
  return CL_SUCCESS;
}

void tenon_opencl_layer_fail_at(long n) { layer::all_calls.fail_at(n); }

long tenon_opencl_layer_calls() { return layer::all_calls.count; }

void tenon_opencl_layer_fail_at_of(const char* function, long n) {
  layer::calls_by_name.at(function)->fail_at(n);
}

long tenon_opencl_layer_calls_of(const char* function) { return layer::calls_by_name.at(function)->count; }

std::size_t tenon_opencl_layer_live_bytes() { return layer::live_bytes; }

long tenon_opencl_layer_live_handles() { return layer::live_handles; }

void tenon_opencl_layer_answer(unsigned what, unsigned long value) {
  const std::lock_guard lock(layer::mutex);
  layer::answers[what] = value;
}

void tenon_opencl_layer_answer_truly() {
  const std::lock_guard lock(layer::mutex);
  layer::answers.clear();
}

void tenon_opencl_layer_keep_launches(bool kept) {
  const std::lock_guard lock(layer::mutex);
  layer::keeps_launches = kept;
  layer::launches.clear();
}

std::size_t tenon_opencl_layer_launches(layer::Launch* to, std::size_t room) {
  const std::lock_guard lock(layer::mutex);
  std::copy_n(layer::launches.begin(), std::min(room, layer::launches.size()), to);
  return layer::launches.size();
}
}
