// The backend under a device's limits: its memory, what it counts in 32 or 16 bits, its groups, its arithmetic.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "layer_under_test.h"

namespace tenon::opencl_layer {
namespace {

using conformance::DeviceBuffer;
using conformance::Layout;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr tenon_matmul_attributes kPlain = {sizeof(kPlain), TENON_NO_ACTIVATION, {1, 1}, {0, 0}};

using OpenClLimits = LayerTest;

/// Why there is no buffer of so many bytes; "" if there is one.
std::string refusal(const PluginUnderTest& plugin, std::size_t bytes) {
  try {
    const DeviceBuffer buffer(plugin, bytes);
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

/// A product that copies b, of 1 MiB, to scratch memory first; `value` everywhere. Returns what is wrong.
std::string multiply_by_transposed(const PluginUnderTest& plugin) {
  Operand a(DType::float32, {8, 512}, Role::input);
  Operand b(DType::float32, {512, 512}, Role::input, Layout::transposed);
  Operand out(DType::float32, {8, 512}, Role::output);
  a.fill({1});
  b.fill({2});
  if (run(plugin, TENON_OP_MATMUL, {&a, &b}, out, &kPlain) != TENON_OK)
    return conformance::host::take_error();
  return all_are(out, 1024);
}

TEST_F(OpenClLimits, ScratchMemoryIsGivenBackBeforeMemoryLacks) {
  layer().answer(CL_DEVICE_GLOBAL_MEM_SIZE, 4 * kMebibyte);
  layer().answer(CL_DEVICE_MAX_MEM_ALLOC_SIZE, 4 * kMebibyte);
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  EXPECT_EQ(plugin->properties().total_memory, 4 * kMebibyte);
  ASSERT_EQ(multiply_by_transposed(*plugin), "");
  EXPECT_GE(layer().live_bytes(), kMebibyte) << "scratch memory is not kept";
  const DeviceBuffer all(*plugin, 4 * kMebibyte);
  EXPECT_EQ(layer().live_bytes(), 4 * kMebibyte);
  EXPECT_NE(refusal(*plugin, 1).find("returns 3: "), std::string::npos);
}

TEST_F(OpenClLimits, MemoryThatTheDriverRefusesIsAskedForAgainWithoutTheScratchMemory) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  ASSERT_EQ(multiply_by_transposed(*plugin), "");
  layer().fail_at_of("clCreateBuffer", 1);
  const DeviceBuffer small(*plugin, 64);
  EXPECT_EQ(layer().live_bytes(), 64U);
  layer().fail_at_of("clCreateBuffer", kEach);
  EXPECT_EQ(refusal(*plugin, 64), "allocate returns 3: clCreateBuffer: CL_MEM_OBJECT_ALLOCATION_FAILURE");
  layer().fail_at_of("clCreateBuffer", 0);
}

TEST_F(OpenClLimits, NoBlockIsLargerThanTheDeviceAllows) {
  layer().answer(CL_DEVICE_MAX_MEM_ALLOC_SIZE, kMebibyte);
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  EXPECT_EQ(refusal(*plugin, kMebibyte), "");
  EXPECT_NE(refusal(*plugin, kMebibyte + 1).find("one block has at most 1048576"), std::string::npos);
}

TEST_F(OpenClLimits, WithoutRoomForACopyAProductIsStillRight) {
  layer().answer(CL_DEVICE_GLOBAL_MEM_SIZE, kMebibyte + kMebibyte / 2);  // b has 1 MiB itself
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  EXPECT_EQ(multiply_by_transposed(*plugin), "");
}

TEST_F(OpenClLimits, GroupsAreAsSmallAsAKernelWants) {
  for (const std::size_t most : {1, 6}) {
    layer().answer(CL_KERNEL_WORK_GROUP_SIZE, most);
    const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
    EXPECT_EQ(multiply_by_transposed(*plugin), "") << most;
  }
}

TEST_F(OpenClLimits, ArithmeticIsDescribed) {
  const cl_device_fp_config whole = CL_FP_ROUND_TO_NEAREST | CL_FP_INF_NAN;
  layer().answer(CL_DEVICE_SINGLE_FP_CONFIG, whole);
  {
    const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
    EXPECT_TRUE(plugin->declares(TENON_FLAG_APPROXIMATE_DIVISION));
    EXPECT_TRUE(plugin->declares(TENON_FLAG_FLUSHES_DENORMALS));
    EXPECT_EQ(multiply_by_transposed(*plugin), "");
  }
  layer().answer(CL_DEVICE_SINGLE_FP_CONFIG, CL_FP_ROUND_TO_NEAREST);
  EXPECT_THROW((void)open_plugin(), conformance::NoDevice);
}

/// What a call launches, which is not run: its memory need not be there.
class Launches {
 public:
  Launches(const PluginUnderTest& plugin, std::uint32_t op, std::initializer_list<Shape> inputs, Shape output,
           DLDataType dtype, const void* attributes)
      : buffer_(plugin, 64), dtype_(dtype), device_(plugin.properties().device) {
    shapes_.assign(inputs);
    shapes_.push_back(std::move(output));
    for (const Shape& shape : shapes_) strides_.push_back(conformance::contiguous_strides(shape));
    std::vector<DLTensor> tensors;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      tensors.push_back({buffer_.handle(), device_, static_cast<int>(shapes_[i].size()), dtype_,
                         shapes_[i].data(), strides_[i].data(), 0});
    }
    layer().keep_launches(true);
    status_ = plugin.run({sizeof(tenon_call), op, static_cast<std::uint32_t>(inputs.size()), 1,
                          tensors.data(), &tensors.back(), attributes, nullptr});
    launches_.resize(layer().launches(nullptr, 0));
    layer().launches(launches_.data(), launches_.size());
    layer().keep_launches(false);
  }

  [[nodiscard]] tenon_status status() const { return status_; }
  [[nodiscard]] std::size_t size() const { return launches_.size(); }
  /// "" if each of `items` work-items along this dimension is in one launch, of whole groups, and no launch is
  /// larger than devices count.
  [[nodiscard]] std::string cover(std::size_t dimension, std::size_t items) const {
    std::size_t end = 0;
    std::size_t group = 1;
    for (const Launch& each : launches_) {
      if (each.first[dimension] != end) return "a gap before " + std::to_string(each.first[dimension]);
      end += each.items[dimension];
      group = each.group[dimension];
      for (std::size_t i = 0; i < 3; ++i) {
        if (each.items[i] % each.group[i] != 0) return "parts of a group";
        if (each.items[i] / each.group[i] > (i == 0 ? 0xFFFFFFFF : 0xFFFF)) return "too many groups";
        if (each.items[i] > 0xFFFFFFFF) return "too many work-items";
      }
    }
    return end >= items && end < items + group ? "" : "an end at " + std::to_string(end);
  }

 private:
  DeviceBuffer buffer_;
  DLDataType dtype_;
  DLDevice device_;
  std::vector<Shape> shapes_;
  std::vector<std::vector<std::int64_t>> strides_;
  tenon_status status_ = TENON_OK;
  std::vector<Launch> launches_;
};

constexpr DLDataType kUint8 = {kDLUInt, 8, 1};
constexpr DLDataType kFloat32 = {kDLFloat, 32, 1};

TEST_F(OpenClLimits, LaunchesAreCutIntoPiecesThatDevicesCount) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  const tenon_init_attributes fill = {sizeof(fill), TENON_INIT_FILL, {{1, 1}, {0, 0}}, 0, 0};
  const std::int64_t count = (std::int64_t{1} << 34) + 5;
  const Launches filling(*plugin, TENON_OP_INIT, {}, {count}, kUint8, &fill);
  EXPECT_EQ(filling.status(), TENON_OK);
  EXPECT_EQ(filling.size(), 3U);
  EXPECT_EQ(filling.cover(0, (std::size_t{1} << 31) + 1), "");

  const std::int64_t rows = std::int64_t{4} << 20;
  const Launches tall(*plugin, TENON_OP_MATMUL, {{rows, 1}, {1, 1}}, {rows, 1}, kUint8, &kPlain);
  EXPECT_EQ(tall.size(), 5U);
  EXPECT_EQ(tall.cover(1, static_cast<std::size_t>(rows / 4)), "");

  const Launches many(*plugin, TENON_OP_MATMUL, {{200000, 2, 1}, {200000, 1, 3}}, {200000, 2, 3}, kUint8,
                      &kPlain);
  EXPECT_EQ(many.size(), 4U);
  EXPECT_EQ(many.cover(2, 200000), "");
}

TEST_F(OpenClLimits, ThePiecesOfAProductAreAllRight) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  Operand a(DType::int32, {70000, 1, 1}, Role::input);
  Operand b(DType::int32, {70000, 1, 1}, Role::input);
  Operand out(DType::int32, {70000, 1, 1}, Role::output);
  for (std::int64_t i = 0; i < a.size(); ++i) a.put(i, static_cast<double>(i));
  b.fill({3});
  ASSERT_EQ(run(*plugin, TENON_OP_MATMUL, {&a, &b}, out, &kPlain), TENON_OK);
  for (std::int64_t i = 0; i < out.size(); ++i) ASSERT_EQ(out.at(i), 3.0 * static_cast<double>(i)) << i;
}

// Few elements of long sums: k is cut, on what says to be a GPU into more parts than on a CPU.
TEST_F(OpenClLimits, TheSumsOfALongProductArePartsAddedUp) {
  for (const cl_device_type type : {CL_DEVICE_TYPE_CPU, CL_DEVICE_TYPE_GPU}) {
    layer().answer(CL_DEVICE_TYPE, type);
    const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
    const Launches product(*plugin, TENON_OP_MATMUL, {{2, 5, 20011}, {2, 20011, 9}}, {2, 5, 9}, kUint8,
                           &kPlain);
    EXPECT_EQ(product.size(), 2U);
    for (const DType dtype : {DType::int64, DType::bfloat16}) {
      Operand a(dtype, {2, 5, 20011}, Role::input);
      Operand b(dtype, {2, 20011, 9}, Role::input);
      Operand bias(dtype, {2, 5, 9}, Role::input);
      Operand out(dtype, {2, 5, 9}, Role::updated);
      a.fill({1});
      b.fill({0});
      for (std::int64_t i = 0; i < 2; ++i) {
        for (std::int64_t l = 0; l < 20011; l += 5000) {
          for (std::int64_t j = 0; j < 9; ++j) b.put((i * 20011 + l) * 9 + j, 1);
        }
      }
      bias.fill({4});
      out.fill({1});
      const tenon_matmul_attributes whole = {sizeof(whole), TENON_UNARY_SQUARE, {3, 3}, {2, 2}};
      ASSERT_EQ(run(*plugin, TENON_OP_MATMUL, {&a, &b, &bias}, out, &whole), TENON_OK);
      EXPECT_EQ(all_are(out, dtype == DType::int64 ? 441 : 440), "");  // 21^2, of which bfloat16 has 8 bits
    }
  }
}

TEST_F(OpenClLimits, CLBlastIsNotAskedForWhatItsIndicesCannotHold) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  ASSERT_EQ(multiply_by_transposed(*plugin), "");  // our kernel is compiled
  setenv("TENON_OPENCL_CLBLAST", "1", 1);
  layer().fail_at_of("clCreateProgramWithSource", kEach);
  const auto asks = [&](std::int64_t m, std::int64_t k) {
    const long before = layer().calls_of("clCreateProgramWithSource");
    const Launches product(*plugin, TENON_OP_MATMUL, {{m, k}, {k, 8}}, {m, 8}, kFloat32, &kPlain);
    EXPECT_EQ(product.status(), TENON_OK);
    EXPECT_GT(product.size(), 0U) << "our kernel does not do it";
    return layer().calls_of("clCreateProgramWithSource") != before;
  };
  EXPECT_TRUE(asks(32768, 32768));
  EXPECT_FALSE(asks(65536, 32768));
  EXPECT_FALSE(asks(8, 268435456)) << "with its padding";
  layer().fail_at_of("clCreateProgramWithSource", 0);
  unsetenv("TENON_OPENCL_CLBLAST");
}

// PoCL says that it is a GPU.
TEST_F(OpenClLimits, AGpuHasItsScoreAndItsReductions) {
  layer().answer(CL_DEVICE_TYPE, CL_DEVICE_TYPE_GPU);
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  EXPECT_EQ(plugin->table().score(plugin->backend()), 90);
  Operand x(DType::float32, {65537}, Role::input);
  Operand y(DType::float32, {65537}, Role::output);
  Operand sum(DType::float32, {1}, Role::output);
  x.fill({1});
  const tenon_reduce_attributes reduce = {sizeof(reduce), TENON_REDUCE_SUM, 1};
  EXPECT_EQ(run(*plugin, TENON_OP_REDUCE, {&x}, sum, &reduce), TENON_OK);
  EXPECT_EQ(all_are(sum, 65537), "");
  const tenon_softmax_attributes softmax = {sizeof(softmax), TENON_SOFTMAX_SOFTMAX, 0};
  EXPECT_EQ(run(*plugin, TENON_OP_SOFTMAX, {&x}, y, &softmax), TENON_UNSUPPORTED);
}

}  // namespace
}  // namespace tenon::opencl_layer
