#include "cuda/memory.h"

#include <cstdint>

namespace tenon::cuda {
namespace {

bool is_host(DLDevice device) { return device.device_type != kDLCUDA; }

/// A point in the order of a stream.
class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags"); }
  ~Event() {
    release_quietly("cudaEventDestroy", [this] { return cudaEventDestroy(event_); });
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// What is queued on `later` from now on waits for what is queued on `earlier` so far.
  void order(cudaStream_t earlier, cudaStream_t later) {
    check(cudaEventRecord(event_, earlier), "cudaEventRecord");
    check(cudaStreamWaitEvent(later, event_, 0), "cudaStreamWaitEvent");
  }

 private:
  cudaEvent_t event_ = nullptr;
};

cudaStream_t stream_of_thread(int device) {
  const DeviceScope scope(device);
  return Queue(device, nullptr).stream();
}

/// Each device's own stream reads and writes its memory, so the copy must have its place in both orders.
void copy_between_devices(int to_device, void* to, int from_device, const void* from, std::size_t bytes,
                          void* stream) {
  const cudaStream_t source = stream_of_thread(from_device);
  const DeviceScope scope(to_device);
  const Queue target(to_device, stream);
  Event written;
  {
    const DeviceScope recorded_there(from_device);
    Event read;
    read.order(source, target.stream());
  }
  check(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, target.stream()), "cudaMemcpyPeerAsync");
  written.order(target.stream(), source);
}

}  // namespace

void* allocate_memory(int device, std::size_t bytes) {
  const Context& context = Context::of(device);
  const DeviceScope scope(context);
  const cudaStream_t stream = context.allocations();
  void* memory = nullptr;
  check(cudaMallocFromPoolAsync(&memory, bytes, context.pool(), stream), "cudaMallocFromPoolAsync");
  if (const cudaError_t status = cudaStreamSynchronize(stream); status != cudaSuccess) {
    deallocate_memory(device, memory);
    check(status, "cudaStreamSynchronize");
  }
  return memory;
}

void deallocate_memory(int device, void* memory) noexcept {
  const Context& context = Context::of(device);
  const DeviceScope scope(context, std::nothrow);
  release_quietly("cudaFreeAsync", [&] { return cudaFreeAsync(memory, context.allocations()); });
}

void copy_memory(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
                 void* stream) {
  if (bytes == 0) return;
  if (!is_host(to_device) && !is_host(from_device) && to_device.device_id != from_device.device_id) {
    copy_between_devices(to_device.device_id, to, from_device.device_id, from, bytes, stream);
    return;
  }
  const int device = is_host(to_device) ? from_device.device_id : to_device.device_id;
  const DeviceScope scope(device);
  const Queue queue(device, stream);
  const cudaMemcpyKind kind = is_host(to_device)     ? cudaMemcpyDeviceToHost
                              : is_host(from_device) ? cudaMemcpyHostToDevice
                                                     : cudaMemcpyDeviceToDevice;
  check(cudaMemcpyAsync(to, from, bytes, kind, queue.stream()), "cudaMemcpyAsync");
  if (kind != cudaMemcpyDeviceToDevice) check(cudaStreamSynchronize(queue.stream()), "cudaStreamSynchronize");
}

void synchronize_device(int device, void* stream) {
  if (Context::find(device) == nullptr) return;  // nothing was asked of it
  const DeviceScope scope(device);
  if (stream != nullptr) {
    check(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "cudaStreamSynchronize");
  } else {
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
}

}  // namespace tenon::cuda
