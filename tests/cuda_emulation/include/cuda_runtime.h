// What backends/cuda uses of the CUDA runtime, for g++: keywords, built-in variables and functions, and the API, with the
// names, values and meaning of the CUDA Toolkit's documentation. Kernels run on the CPU; see ../README.md.
#pragma once

#include <math.h>  // NOLINT: as CUDA does, the overloaded functions of <cmath> in the global namespace

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

// ---- keywords ----
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
/// A block runs on one thread of the host, from its first to its last instruction.
#define __shared__ static thread_local

// ---- built-in variables ----
struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3() = default;
  constexpr dim3(unsigned along_x, unsigned along_y = 1,
                 unsigned along_z = 1)  // NOLINT: converts, as CUDA's does
      : x(along_x), y(along_y), z(along_z) {}
};
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;

// ---- runtime API ----
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInitializationError = 3,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorDevicesUnavailable = 46,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchFailure = 719,
  cudaErrorUnknown = 999
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMemoryPoolsSupported = 115
};
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold = 4 };
enum cudaMemAllocationType { cudaMemAllocationTypeInvalid = 0, cudaMemAllocationTypePinned = 1 };
enum cudaMemLocationType { cudaMemLocationTypeInvalid = 0, cudaMemLocationTypeDevice = 1 };
struct cudaMemPoolProps {
  cudaMemAllocationType allocType;
  struct {
    cudaMemLocationType type;
    int id;
  } location;
};

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
};
struct cudaLaunchAttribute;
using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;
using cudaMemPool_t = struct CUmemPoolHandle_st*;
struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};
#define CUDART_VERSION 13000
inline constexpr unsigned long long cudaEnableDefault = 0;
inline constexpr unsigned cudaStreamNonBlocking = 1;
inline constexpr unsigned cudaEventDisableTiming = 2;

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned version,
                                             unsigned long long flags);
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t bytes);
cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream);
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, std::size_t bytes,
                                cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaDeviceSynchronize();

// ---- what kernels call ----
namespace tenon::emulation {
/// Queues a kernel whose arguments are bound.
cudaError_t launch(const cudaLaunchConfig_t& config, std::function<void()> thread);
/// Gives `bits` to the warp and takes those of lane `source` of it; returns when all lanes of the mask are here.
std::uint64_t exchange(unsigned mask, std::uint64_t bits, unsigned source);
/// Which lane of its warp the running thread is.
unsigned lane();

template <typename T>
T exchange_value(unsigned mask, T value, unsigned source) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  bits = exchange(mask, bits, source);
  __builtin_memcpy(&value, &bits, sizeof(T));
  return value;
}
}  // namespace tenon::emulation

/// As CUDA's template of this name, on the arguments' types as the kernel declares them.
template <typename... Params, typename... Args>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Params...), Args&&... args) {
  return tenon::emulation::launch(
      *config,
      [kernel, values = std::tuple<Params...>(std::forward<Args>(args)...)] { std::apply(kernel, values); });
}

void __syncthreads();
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return tenon::emulation::exchange_value(mask, value,
                                          tenon::emulation::lane() ^ static_cast<unsigned>(lanes));
}
template <typename T>
T __shfl_sync(unsigned mask, T value, int source) {
  return tenon::emulation::exchange_value(mask, value, static_cast<unsigned>(source) % 32);
}

inline unsigned __ballot_sync(unsigned mask, bool value) {
  unsigned votes = static_cast<unsigned>(value) << tenon::emulation::lane();
  for (int lanes = 16; lanes > 0; lanes /= 2) votes |= __shfl_xor_sync(mask, votes, lanes);
  return votes;
}
inline int __popc(unsigned bits) { return std::popcount(bits); }

inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(std::uint64_t{a} * b >> 32); }
inline float rsqrt(float x) { return static_cast<float>(1 / sqrt(double{x})); }
inline double rsqrt(double x) { return 1 / sqrt(x); }
inline float normcdf(float x) { return static_cast<float>(erfc(-double{x} / sqrt(2.0)) / 2); }
inline double normcdf(double x) {
  return static_cast<double>(erfcl(-static_cast<long double>(x) / sqrtl(2.0L)) / 2);
}

inline unsigned long long atomicMin(unsigned long long* to, unsigned long long value) {
  std::atomic_ref<unsigned long long> target(*to);
  unsigned long long old = target.load();
  while (value < old && !target.compare_exchange_weak(old, value)) {
  }
  return old;
}
