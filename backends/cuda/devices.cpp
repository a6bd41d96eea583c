#include "cuda/devices.h"

#include "cuda/queue.h"

#include <cstdint>

namespace tenon::cuda {
namespace {

// What the kernels are compiled for at least; see CMakeLists.txt.
constexpr int kLeastMajor = 8;

// What a device's pool keeps of freed memory: scratch memory comes and goes with every call.
constexpr std::uint64_t kKeptBytes = std::uint64_t{512} << 20;

/// 13000 is CUDA 13.0.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

int driver_version() {
  int version = 0;
  check(cudaDriverGetVersion(&version), "cudaDriverGetVersion");
  return version;
}

int runtime_version() {
  int version = 0;
  check(cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion");
  return version;
}

std::string fix_of(cudaError_t status) {
  switch (status) {
    case cudaErrorInsufficientDriver:
      return "the driver speaks CUDA " + version_text(driver_version()) + ", this plugin needs CUDA " +
             version_text(runtime_version()) + ": update the driver, or rebuild with an older toolkit";
    case cudaErrorNoDevice:
      return "see whether nvidia-smi lists a device and what CUDA_VISIBLE_DEVICES hides";
    default:
      return "see whether nvidia-smi works";
  }
}

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
  return value;
}

/// Empty if the device can be used.
std::string objection(int device) {
  const int major = attribute(cudaDevAttrComputeCapabilityMajor, device);
  if (major < kLeastMajor) {
    return "device " + std::to_string(device) + " has compute capability " + std::to_string(major) + "." +
           std::to_string(attribute(cudaDevAttrComputeCapabilityMinor, device)) + ", the kernels need " +
           std::to_string(kLeastMajor) + ".0: use a newer device, or CUDA_VISIBLE_DEVICES to hide it";
  }
  if (attribute(cudaDevAttrMemoryPoolsSupported, device) == 0) {
    return "device " + std::to_string(device) + " has no memory pools (cudaMallocAsync): update the driver";
  }
  return {};
}

void keep_pool(int device) {
  cudaMemPool_t pool = nullptr;
  std::uint64_t kept = kKeptBytes;
  check(cudaDeviceGetDefaultMemPool(&pool, device), "cudaDeviceGetDefaultMemPool");
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept), "cudaMemPoolSetAttribute");
}

std::string library_text() {
  int version[3] = {};
  const libraryPropertyType parts[] = {MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL};
  for (int i = 0; i < 3; ++i) check(cublasGetProperty(parts[i], &version[i]), "cublasGetProperty");
  return "cuBLAS " + std::to_string(version[0]) + "." + std::to_string(version[1]) + "." +
         std::to_string(version[2]) + ", CUDA " + version_text(runtime_version()) + ", driver for CUDA " +
         version_text(driver_version());
}

}  // namespace

Devices find_devices() try {
  int present = 0;
  const cudaError_t status = cudaGetDeviceCount(&present);
  if (status != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return {0, describe(status, "cudaGetDeviceCount") + "; " + fix_of(status), {}};
  }
  Devices devices;
  for (; devices.count < present; ++devices.count) {
    devices.reason = objection(devices.count);
    if (!devices.reason.empty()) break;
    keep_pool(devices.count);
  }
  devices.library = library_text();
  return devices;
} catch (const std::runtime_error& error) {
  return {0, error.what(), {}};
}

plugin::DeviceInfo describe_device(int index) {
  const DeviceScope scope(index);
  cudaDeviceProp properties{};
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return {DLDevice{kDLCUDA, index}, properties.name, total, free};
}

}  // namespace tenon::cuda
