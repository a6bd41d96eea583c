// From OpenCL C to a program that a device can run.
#pragma once

#include "opencl/binary_cache.h"
#include "opencl/kernels.h"
#include "opencl/opencl.h"

#include <string>

namespace tenon::opencl {

/// Compiles programs for one device, or takes them from the cache on disk. Not thread-safe.
class Compiler {
 public:
  /// `device_key` is what a binary depends on besides its text: device, driver, version of this plugin.
  Compiler(cl_context context, cl_device_id device, const DeviceTraits& traits, std::string options,
           std::string device_key);

  /// Throws std::runtime_error with the compiler's words, or OpenClError.
  OwnedProgram compile(Family family, DType dtype) const;

 private:
  [[nodiscard]] OwnedProgram from_source(const std::string& source, const std::string& name) const;
  /// Null if the driver does not want it any more.
  [[nodiscard]] OwnedProgram from_binary(const std::vector<unsigned char>& binary) const;

  cl_context context_;
  cl_device_id device_;
  DeviceTraits traits_;
  std::string options_;
  std::string device_key_;
  BinaryCache cache_;
};

}  // namespace tenon::opencl
