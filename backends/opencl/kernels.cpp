#include "opencl/kernels.h"

#include "opencl/kernel_texts.h"
#include "opencl/layout.h"

#include <array>

namespace tenon::opencl {
namespace {

struct FamilyRow {
  const char* name;
  const char* arithmetic;  // nothing, or scalar.cl
  const char* text;
};

constexpr const char kNothing[] = "";

const FamilyRow& row_of(Family family) {
  static const std::array<FamilyRow, kFamilyCount> rows = {{{"unary", texts::kScalar, texts::kUnary},
                                                            {"binary", texts::kScalar, texts::kBinary},
                                                            {"ternary", texts::kScalar, texts::kTernary},
                                                            {"copy", kNothing, texts::kCopy},
                                                            {"init", kNothing, texts::kInit},
                                                            {"reduce", texts::kScalar, texts::kReduce},
                                                            {"softmax", texts::kScalar, texts::kSoftmax},
                                                            {"index", texts::kScalar, texts::kIndex},
                                                            {"matmul", texts::kScalar, texts::kMatmul}}};
  return rows[static_cast<std::size_t>(family)];
}

struct KernelRow {
  Family family;
  const char* name;
};

constexpr std::array<KernelRow, kKernelCount> kKernels = {{{Family::unary, "unary"},
                                                           {Family::unary, "unary_to_bool"},
                                                           {Family::binary, "binary"},
                                                           {Family::binary, "compare"},
                                                           {Family::ternary, "where"},
                                                           {Family::ternary, "ternary"},
                                                           {Family::copy, "copy_to_float32"},
                                                           {Family::copy, "copy_to_float64"},
                                                           {Family::copy, "copy_to_bfloat16"},
                                                           {Family::copy, "copy_to_int32"},
                                                           {Family::copy, "copy_to_int64"},
                                                           {Family::copy, "copy_to_uint8"},
                                                           {Family::copy, "copy_to_bool"},
                                                           {Family::copy, "copy_bits"},
                                                           {Family::init, "fill"},
                                                           {Family::init, "eye"},
                                                           {Family::init, "arange"},
                                                           {Family::init, "random_bits"},
                                                           {Family::init, "uniform_reals"},
                                                           {Family::init, "normal_reals"},
                                                           {Family::reduce, "fold"},
                                                           {Family::reduce, "combine"},
                                                           {Family::softmax, "softmax"},
                                                           {Family::index, "check_index"},
                                                           {Family::index, "gather"},
                                                           {Family::index, "scatter_add"},
                                                           {Family::index, "one_hot"},
                                                           {Family::matmul, "product"},
                                                           {Family::matmul, "product_parts"},
                                                           {Family::matmul, "add_parts"},
                                                           {Family::matmul, "epilogue"}}};

constexpr std::array<const char*, kDTypeCount> kDTypeNames = {"FLOAT32", "FLOAT64", "BFLOAT16", "INT32",
                                                              "INT64",   "UINT8",   "BOOLEAN"};

std::string define(const std::string& name, int value) {
  return "#define " + name + " " + std::to_string(value) + "\n";
}

}  // namespace

Family family_of(KernelId kernel) { return kKernels[static_cast<std::size_t>(kernel)].family; }
const char* name_of(KernelId kernel) { return kKernels[static_cast<std::size_t>(kernel)].name; }
const char* name_of(Family family) { return row_of(family).name; }

std::string program_source(Family family, DType dtype, const DeviceTraits& traits) {
  std::string source;
  for (std::size_t i = 0; i < kDTypeNames.size(); ++i) {
    source += define(kDTypeNames[i], static_cast<int>(i));
  }
  source += define("DTYPE", static_cast<int>(dtype)) +
            define("HAS_DOUBLE", static_cast<int>(traits.has_double)) +
            define("HAS_FMA", static_cast<int>(traits.has_fma)) + define("OPERANDS", kOperands) +
            define("MAX_AXES", kMaxAxes);
  return source + texts::kMembers + texts::kPrelude + row_of(family).arithmetic + row_of(family).text;
}

}  // namespace tenon::opencl
