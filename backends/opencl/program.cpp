#include "opencl/program.h"

#include <utility>

namespace tenon::opencl {
namespace {

std::string build_log(cl_program program, cl_device_id device) {
  std::size_t size = 0;
  if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size) != CL_SUCCESS)
    return {};
  std::string log(size, '\0');
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  constexpr std::size_t kEnough = 600;
  while (!log.empty() && (log.back() == '\0' || log.back() == '\n')) log.pop_back();
  if (log.size() > kEnough) log.resize(kEnough);
  return log;
}

/// Empty if the driver gives none.
std::vector<unsigned char> binary_of(cl_program program) {
  std::size_t size = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, nullptr) != CL_SUCCESS)
    return {};
  std::vector<unsigned char> binary(size);
  unsigned char* to = binary.data();
  const cl_int code =
      clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(to), static_cast<void*>(&to), nullptr);
  return code == CL_SUCCESS ? binary : std::vector<unsigned char>();
}

}  // namespace

Compiler::Compiler(cl_context context, cl_device_id device, const DeviceTraits& traits, std::string options,
                   std::string device_key)
    : context_(context),
      device_(device),
      traits_(traits),
      options_(std::move(options)),
      device_key_(std::move(device_key)) {}

OwnedProgram Compiler::compile(Family family, DType dtype) const {
  const std::string source = program_source(family, dtype, traits_);
  const std::string key = device_key_ + '\n' + options_ + '\n' + source;
  if (OwnedProgram cached = from_binary(cache_.load(key))) return cached;
  OwnedProgram compiled = from_source(
      source, std::string(name_of(family)) + " (dtype " + std::to_string(static_cast<int>(dtype)) + ")");
  if (!cache_.is_on()) return compiled;
  const std::vector<unsigned char> binary = binary_of(compiled.get());
  if (binary.empty()) return compiled;
  cache_.store(key, binary);
  // PoCL has finished the kernels to give the binary, and would finish them again to run this program.
  OwnedProgram finished = from_binary(binary);
  return finished ? std::move(finished) : std::move(compiled);
}

OwnedProgram Compiler::from_source(const std::string& source, const std::string& name) const {
  cl_int code = CL_SUCCESS;
  const char* text = source.c_str();
  const std::size_t size = source.size();
  OwnedProgram program(clCreateProgramWithSource(context_, 1, &text, &size, &code));
  check(code, "clCreateProgramWithSource");
  code = clBuildProgram(program.get(), 1, &device_, options_.c_str(), nullptr, nullptr);
  if (code != CL_SUCCESS) {
    throw std::runtime_error("clBuildProgram of the kernels " + name + ": " + error_name(code) + ": " +
                             build_log(program.get(), device_));
  }
  return program;
}

OwnedProgram Compiler::from_binary(const std::vector<unsigned char>& binary) const {
  if (binary.empty()) return nullptr;
  cl_int code = CL_SUCCESS;
  const std::size_t size = binary.size();
  const unsigned char* bytes = binary.data();
  OwnedProgram program(clCreateProgramWithBinary(context_, 1, &device_, &size, &bytes, nullptr, &code));
  if (code != CL_SUCCESS) return nullptr;
  if (clBuildProgram(program.get(), 1, &device_, options_.c_str(), nullptr, nullptr) != CL_SUCCESS)
    return nullptr;
  return program;
}

}  // namespace tenon::opencl
