// The API of cuda_runtime.h.
#include "block.h"
#include "failures.h"
#include "gpu.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

namespace tenon::emulation {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

struct ErrorText {
  cudaError_t error;
  const char* name;
  const char* text;
};

constexpr ErrorText kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable",
     "CUDA-capable device(s) is/are busy or unavailable"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const ErrorText& text_of(cudaError_t error) {
  const auto* const found = std::find_if(std::begin(kErrors), std::end(kErrors),
                                         [&](const ErrorText& each) { return each.error == error; });
  return found != std::end(kErrors) ? *found : std::end(kErrors)[-1];
}

/// Every function of the API: counted, failing when asked to, one at a time. This one needs no context.
template <typename F>
cudaError_t query(cudaError_t failure, F&& f, const char* function = __builtin_FUNCTION()) {
  if (const int status = strike(function, failure)) return remember(static_cast<cudaError_t>(status));
  const std::lock_guard lock(gpu_mutex());
  return remember(f());
}

/// The same for one that needs a context.
template <typename F>
cudaError_t api(cudaError_t failure, F&& f, const char* function = __builtin_FUNCTION()) {
  return query(
      failure,
      [&] {
        const cudaError_t error = use_context();
        return error == cudaSuccess ? f() : error;
      },
      function);
}

/// The same for one that gives something back: it has done so even where it reports a failure, which may be
/// one of earlier work.
template <typename F>
cudaError_t releasing(cudaError_t failure, F&& f, const char* function = __builtin_FUNCTION()) {
  const int status = strike(function, failure);
  const std::lock_guard lock(gpu_mutex());
  cudaError_t error = use_context();
  if (error == cudaSuccess) error = f();
  return remember(status != 0 ? static_cast<cudaError_t>(status) : error);
}

/// The same for one that finishes what was queued: where it fails, that is lost.
template <typename F, typename Lose>
cudaError_t finishing(F&& f, Lose&& lose_work, const char* function = __builtin_FUNCTION()) {
  const std::lock_guard lock(gpu_mutex());
  if (const int status = strike(function, cudaErrorIllegalAddress)) {
    lose_work();
    return remember(static_cast<cudaError_t>(status));
  }
  const cudaError_t error = use_context();
  return remember(error == cudaSuccess ? f() : error);
}

bool is_device(int index) { return index >= 0 && index < device_count(); }

/// The device whose memory it is, or -1.
int owner_of(const void* memory, std::size_t bytes) {
  for (int i = 0; i < device_count(); ++i) {
    if (device(i).memory.owns(memory, bytes)) return i;
  }
  return -1;
}

bool fits(const cudaLaunchConfig_t& config) {
  const dim3& grid = config.gridDim;
  const dim3& block = config.blockDim;
  const auto threads = std::uint64_t{block.x} * block.y * block.z;
  return threads >= 1 && threads <= 1024 && block.z <= 64 && grid.x >= 1 && grid.x <= 0x7FFFFFFFU &&
         grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 && grid.z <= 65535;
}

}  // namespace

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t launch(const cudaLaunchConfig_t& config, std::function<void()> thread) {
  const auto queue_it = [&] {
    const auto stream = find(config.stream);
    if (stream == nullptr || stream->device != current_device()) return cudaErrorInvalidResourceHandle;
    if (!fits(config)) return cudaErrorInvalidConfiguration;
    queue(*stream,
          [on = stream->device, grid = config.gridDim, block = config.blockDim, thread = std::move(thread)] {
            open_only(on);
            BlockRunner& runner = BlockRunner::of_this_thread();
            for (unsigned z = 0; z < grid.z; ++z) {
              for (unsigned y = 0; y < grid.y; ++y) {
                for (unsigned x = 0; x < grid.x; ++x) runner.run(thread, {x, y, z}, block, grid);
              }
            }
          });
    return cudaSuccess;
  };
  return api(cudaErrorLaunchFailure, queue_it, "cudaLaunchKernelEx");
}

}  // namespace tenon::emulation

using namespace tenon::emulation;  // NOLINT: the API is this file's whole subject

const char* cudaGetErrorName(cudaError_t error) { return text_of(error).name; }
const char* cudaGetErrorString(cudaError_t error) { return text_of(error).text; }
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }

cudaError_t cudaDriverGetVersion(int* version) {
  return query(cudaErrorUnknown, [&] {
    *version = machine().driver_version;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return query(cudaErrorUnknown, [&] {
    *version = kRuntimeVersion;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned,
                                             unsigned long long) {
  return query(cudaErrorInvalidValue, [&] {
    const std::pair<std::string_view, void*> functions[] = {
        {"cuDevicePrimaryCtxRetain", reinterpret_cast<void*>(cuDevicePrimaryCtxRetain)},
        {"cuCtxGetCurrent", reinterpret_cast<void*>(cuCtxGetCurrent)},
        {"cuCtxSetCurrent", reinterpret_cast<void*>(cuCtxSetCurrent)}};
    const auto* const found = std::find_if(std::begin(functions), std::end(functions),
                                           [&](const auto& each) { return each.first == name; });
    *function = found != std::end(functions) ? found->second : nullptr;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceCount(int* count) {
  return query(cudaErrorInitializationError, [&] {
    *count = 0;
    if (machine().driver_version < kRuntimeVersion) return cudaErrorInsufficientDriver;
    if (device_count() == 0) return cudaErrorNoDevice;
    *count = device_count();
    return cudaSuccess;
  });
}

cudaError_t cudaGetDevice(int* index) {
  return query(cudaErrorUnknown, [&] {
    *index = current_device();
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int index) {
  return query(cudaErrorInitializationError, [&] {
    if (!is_device(index)) return cudaErrorInvalidDevice;
    choose_device(index);
    return use_context();
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int index) {
  return query(cudaErrorUnknown, [&] {
    if (!is_device(index)) return cudaErrorInvalidDevice;
    switch (attribute) {
      case cudaDevAttrMultiProcessorCount:
        *value = 4;
        break;
      case cudaDevAttrComputeCapabilityMajor:
        *value = machine().compute_capability[index] / 10;
        break;
      case cudaDevAttrComputeCapabilityMinor:
        *value = machine().compute_capability[index] % 10;
        break;
      case cudaDevAttrMemoryPoolsSupported:
        *value = machine().memory_pools ? 1 : 0;
        break;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int index) {
  return query(cudaErrorUnknown, [&] {
    if (!is_device(index)) return cudaErrorInvalidDevice;
    std::snprintf(properties->name, sizeof(properties->name), "emulated device %d", index);
    properties->totalGlobalMem = Arena::kTotal;
    return cudaSuccess;
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return api(cudaErrorUnknown, [&] {
    *total = Arena::kTotal;
    *free = Arena::kTotal - device(current_device()).memory.used();
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return api(cudaErrorMemoryAllocation, [&] {
    const auto& [type, index] = properties->location;
    if (properties->allocType != cudaMemAllocationTypePinned || type != cudaMemLocationTypeDevice ||
        !is_device(index)) {
      return cudaErrorInvalidValue;
    }
    *pool = new CUmemPoolHandle_st{index};
    count_handle(1);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr, void* value) {
  return api(cudaErrorUnknown,
             [&] { return pool != nullptr && value != nullptr ? cudaSuccess : cudaErrorInvalidValue; });
}

// The emulation's pools keep nothing.
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t) {
  return api(cudaErrorUnknown, [&] { return pool != nullptr ? cudaSuccess : cudaErrorInvalidValue; });
}

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t handle) {
  return api(cudaErrorMemoryAllocation, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (pool->device != stream->device) return cudaErrorInvalidValue;
    Arena& arena = device(stream->device).memory;
    *memory = arena.allocate(bytes);
    if (*memory == nullptr) {
      run_all(stream->device);  // which gives back what waits to be freed
      *memory = arena.allocate(bytes);
    }
    if (*memory == nullptr) return cudaErrorMemoryAllocation;
    count_bytes(static_cast<std::ptrdiff_t>(bytes));
    return cudaSuccess;
  });
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t handle) {
  return releasing(cudaErrorIllegalAddress, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    Arena& arena = device(stream->device).memory;
    if (!arena.is_block(memory)) return cudaErrorInvalidValue;
    count_bytes(-static_cast<std::ptrdiff_t>(arena.size_of(memory)));
    queue(
        *stream, [&arena, memory] { arena.free(memory); }, true);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t handle) {
  return api(cudaErrorIllegalAddress, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    const int source = kind == cudaMemcpyHostToDevice ? stream->device : owner_of(from, bytes);
    const int target = kind == cudaMemcpyDeviceToHost ? stream->device : owner_of(to, bytes);
    if (source < 0 || target < 0) return cudaErrorInvalidValue;
    void* const written = kind == cudaMemcpyDeviceToHost ? to : device(target).memory.reach(to);
    const void* const read = kind == cudaMemcpyHostToDevice ? from : device(source).memory.reach(from);
    queue(*stream, [=] { std::memcpy(written, read, bytes); });
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, std::size_t bytes,
                                cudaStream_t handle) {
  return api(cudaErrorIllegalAddress, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (owner_of(from, bytes) != from_device || owner_of(to, bytes) != to_device)
      return cudaErrorInvalidValue;
    queue(*stream,
          [written = device(to_device).memory.reach(to), read = device(from_device).memory.reach(from),
           bytes] { std::memcpy(written, read, bytes); });
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t handle) {
  return api(cudaErrorIllegalAddress, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (owner_of(to, bytes) != stream->device) return cudaErrorInvalidValue;
    queue(*stream,
          [to = device(stream->device).memory.reach(to), value, bytes] { std::memset(to, value, bytes); });
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return api(cudaErrorMemoryAllocation, [&] {
    auto made = std::make_shared<Stream>();
    made->device = current_device();
    *stream = made.get();
    device(made->device).streams.push_back(std::move(made));
    count_handle(1);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return releasing(cudaErrorInvalidResourceHandle, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) destroyed_twice("a stream");
    stream->destroyed = true;
    if (stream->queue.empty()) std::erase(device(stream->device).streams, stream);
    count_handle(-1);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  const auto stream = [&] {
    const std::lock_guard lock(gpu_mutex());
    return find(handle);
  }();
  if (stream == nullptr) return remember(cudaErrorInvalidResourceHandle);
  return finishing(
      [&] {
        run(*stream, stream->queued);
        return cudaSuccess;
      },
      [&] { lose(*stream); });
}

cudaError_t cudaDeviceSynchronize() {
  const int index = current_device();
  return finishing(
      [&] {
        run_all(index);
        return cudaSuccess;
      },
      [&] {
        for (const auto& each : device(index).streams) lose(*each);
      });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return api(cudaErrorMemoryAllocation, [&] {
    *event = new CUevent_st;
    count_handle(1);
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  return api(cudaErrorLaunchFailure, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    event->stream = stream;
    event->ticket = stream->queued;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  return api(cudaErrorLaunchFailure, [&] {
    const auto stream = find(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (event->stream == nullptr) return cudaSuccess;
    queue(*stream, [first = event->stream, ticket = event->ticket] { run(*first, ticket); });
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return releasing(cudaErrorInvalidResourceHandle, [&] {
    delete event;
    count_handle(-1);
    return cudaSuccess;
  });
}
