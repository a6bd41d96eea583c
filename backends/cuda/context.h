// What this process holds of a device, and how a call comes to a device without touching any other.
#pragma once

#include "cuda/errors.h"

#include <cuda.h>

#include <new>

namespace tenon::cuda {

/// A device's primary context, which the host's other code shares, and a memory pool, which it does not; from
/// the device's first use to the end of the process.
class Context {
 public:
  /// Made at first use, and tried again where that failed. For any thread. Throws CudaError and
  /// plugin::OutOfDeviceMemory.
  static const Context& of(int device);
  /// Null if the device was not used yet.
  static const Context* find(int device);

  [[nodiscard]] CUcontext handle() const { return handle_; }
  [[nodiscard]] cudaMemPool_t pool() const { return pool_; }
  /// Gives back to the device what the pool keeps of freed memory. There must be a DeviceScope. Throws
  /// CudaError.
  void trim_pool() const;
  /// Nothing but allocations and frees are queued here: they wait for no kernel, and are in order.
  [[nodiscard]] cudaStream_t allocations() const { return allocations_; }

 private:
  void make(int device);

  CUcontext handle_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  cudaStream_t allocations_ = nullptr;
  bool is_made_ = false;
};

/// Makes a device's context the thread's current one, and puts back the one before, or none: the host may
/// use CUDA, too. By the driver's functions, for cudaSetDevice makes a context where it goes back to.
class DeviceScope {
 public:
  /// Throws CudaError.
  explicit DeviceScope(const Context& context);
  explicit DeviceScope(int device) : DeviceScope(Context::of(device)) {}
  /// For what gives back: a failure is logged, and no more.
  DeviceScope(const Context& context, std::nothrow_t) noexcept;
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  CUcontext before_ = nullptr;
  bool has_changed_ = false;
};

}  // namespace tenon::cuda
