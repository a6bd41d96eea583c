#include "cuda/devices.h"

#include "cuda/context.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tenon::cuda {
namespace {

// What the kernels are compiled for, by CMAKE_CUDA_ARCHITECTURES: "80 90 " is compute capability 8.0 and 9.0;
// "0 " is not known.
constexpr std::string_view kMachineCode = TENON_CUDA_MACHINE_CODE;
constexpr std::string_view kPtx = TENON_CUDA_PTX;

template <typename Predicate>
bool any_of(std::string_view codes, Predicate&& predicate) {
  for (std::size_t end = codes.find(' '); end != std::string_view::npos; end = codes.find(' ')) {
    if (predicate(std::atoi(std::string(codes.substr(0, end)).c_str()))) return true;
    codes.remove_prefix(end + 1);
  }
  return false;
}

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

/// Machine code runs on its major version from its minor version on; PTX on what is newer, where the driver
/// knows the toolkit's version of it.
bool has_kernels_for(int capability) {
  const auto runs = [capability](int code) {
    return code == 0 || (code / 10 == capability / 10 && code <= capability);
  };
  const auto is_older = [capability](int code) { return code <= capability; };
  return any_of(kMachineCode, runs) || (any_of(kPtx, is_older) && driver_version() >= runtime_version());
}

/// Empty if the device can be used.
std::string objection(int device) {
  const int capability = 10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                         attribute(cudaDevAttrComputeCapabilityMinor, device);
  if (!has_kernels_for(capability)) {
    const std::string text = std::to_string(capability / 10) + "." + std::to_string(capability % 10);
    return "device " + std::to_string(device) + " has compute capability " + text +
           ", for which no kernels are compiled: update the driver if the device is a new one, rebuild with "
           "CMAKE_CUDA_ARCHITECTURES=" +
           std::to_string(capability) + ", or hide it with CUDA_VISIBLE_DEVICES";
  }
  if (attribute(cudaDevAttrMemoryPoolsSupported, device) == 0) {
    return "device " + std::to_string(device) + " has no memory pools (cudaMallocAsync): update the driver";
  }
  return {};
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
  }
  if (devices.count > 0 && !devices.reason.empty()) log_warning(devices.reason + "; it is left out");
  devices.library = library_text();
  return devices;
} catch (const std::runtime_error& error) {
  return {0, error.what(), {}};
}

plugin::DeviceInfo describe_device(int index) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  std::size_t total = properties.totalGlobalMem;
  std::size_t free = total;
  if (const Context* const context = Context::find(index)) {
    const DeviceScope scope(*context);
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  }
  return {DLDevice{kDLCUDA, index}, properties.name, total, free};
}

}  // namespace tenon::cuda
