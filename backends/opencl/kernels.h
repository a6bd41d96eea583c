// The kernels of this backend: which there are, and the text that they are compiled from.
#pragma once

#include <tenon/plugin/dtype.hpp>

#include <cstdint>
#include <string>

namespace tenon::opencl {

/// One program is compiled for each family and dtype.
enum class Family : std::uint8_t { unary, binary, ternary, copy, init, reduce, softmax, index, matmul };
inline constexpr int kFamilyCount = 9;

/// The copies are in DType's order.
enum class KernelId : std::uint8_t {
  unary,
  unary_to_bool,
  binary,
  compare,
  where,
  ternary,
  copy_to_float32,
  copy_to_float64,
  copy_to_bfloat16,
  copy_to_int32,
  copy_to_int64,
  copy_to_uint8,
  copy_to_bool,
  copy_bits,
  fill,
  eye,
  arange,
  random_bits,
  uniform_reals,
  normal_reals,
  fold,
  combine,
  softmax,
  check_index,
  gather,
  scatter_add,
  one_hot,
  product,
  product_parts,
  add_parts,
  epilogue
};
inline constexpr int kKernelCount = 31;

Family family_of(KernelId kernel);
/// As the program has it.
const char* name_of(KernelId kernel);
const char* name_of(Family family);

/// What the text depends on besides family and dtype.
struct DeviceTraits {
  bool has_double = false;
  bool has_fma = false;  ///< in float32
};

/// The OpenCL C of a program.
std::string program_source(Family family, DType dtype, const DeviceTraits& traits);

}  // namespace tenon::opencl
