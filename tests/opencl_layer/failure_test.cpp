// What the backend does when OpenCL fails while it is opened, at its first calls, or half way through one.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <utility>

#include "layer_under_test.h"

namespace tenon::opencl_layer {
namespace {

using conformance::Layout;
using OpenClFailures = LayerTest;

constexpr tenon_matmul_attributes kPlain = {sizeof(kPlain), TENON_NO_ACTIVATION, {1, 1}, {0, 0}};
constexpr tenon_matmul_attributes kUpdate = {sizeof(kUpdate), TENON_NO_ACTIVATION, {1, 1}, {1, 1}};
constexpr tenon_index_attributes kScatter = {sizeof(kScatter), TENON_INDEX_SCATTER_ADD, 0};

Operand filled(DType dtype, Shape shape, double value, Role role = Role::input,
               Layout layout = Layout::contiguous) {
  Operand operand(dtype, std::move(shape), role, layout);
  operand.fill({value});
  return operand;
}

/// From nothing: opens the backend, multiplies by a transposed matrix, sums up. Throws what a host is told.
void open_and_run() {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  const auto check = [](tenon_status status) {
    if (status != TENON_OK) throw std::runtime_error(conformance::host::take_error());
  };
  Operand x = filled(DType::float32, {64, 64}, 1);
  Operand w = filled(DType::float32, {64, 64}, 2, Role::input, Layout::transposed);
  Operand y(DType::float32, {64, 64}, Role::output);
  check(run(*plugin, TENON_OP_MATMUL, {&x, &w}, y, &kPlain));
  ASSERT_EQ(all_are(y, 128), "");
  Operand sum(DType::float32, {1, 1}, Role::output);
  const tenon_reduce_attributes reduce = {sizeof(reduce), TENON_REDUCE_SUM, 3};
  check(run(*plugin, TENON_OP_REDUCE, {&x}, sum, &reduce));
  ASSERT_EQ(all_are(sum, 4096), "");
}

/// Whether the text names a function of OpenCL and its error, or what does not work without one.
bool names_a_failure(const std::string& text) {
  return (text.find("cl") != std::string::npos && text.find(": CL_") != std::string::npos) ||
         text.find("no OpenCL device") != std::string::npos;
}

TEST_F(OpenClFailures, EachCallFromTheFirstOnMayFailAndTheNextAttemptWorks) {
  open_and_run();
  const std::size_t bytes = layer().live_bytes();
  const long handles = layer().live_handles();
  const long before = layer().calls();
  open_and_run();
  const long calls = layer().calls() - before;
  EXPECT_GT(calls, 100);
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(handles, 0);
  long errors = 0;
  for (long n = 1; n <= calls; ++n) {
    SCOPED_TRACE(std::to_string(n) + " of " + std::to_string(calls));
    layer().fail_at(n);
    try {
      open_and_run();
    } catch (const std::exception& error) {
      ++errors;
      EXPECT_TRUE(names_a_failure(error.what())) << error.what();
    }
    layer().fail_at(0);
    EXPECT_EQ(layer().live_bytes(), 0U);
    EXPECT_EQ(layer().live_handles(), 0);
    open_and_run();
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(errors, calls / 4);
}

/// What a host is told of a plugin that cannot be used; "" if it can.
std::string refusal() {
  try {
    (void)open_plugin();
    return {};
  } catch (const conformance::NoDevice& error) {
    return error.what();
  }
}

TEST_F(OpenClFailures, WithoutADeviceTheReasonIsGiven) {
  layer().fail_at_of("clGetPlatformIDs", 1);
  EXPECT_NE(refusal().find("clGetPlatformIDs: CL_OUT_OF_HOST_MEMORY"), std::string::npos);
  layer().fail_at_of("clGetDeviceIDs", kEach);
  EXPECT_NE(refusal().find("clGetDeviceIDs: CL_OUT_OF_RESOURCES"), std::string::npos);
  layer().fail_at_of("clGetDeviceIDs", 0);
  setenv("TENON_OPENCL_CACHE", "off", 1);
  layer().fail_at_of("clBuildProgram", kEach);
  const std::string of_compiler = refusal();
  layer().fail_at_of("clBuildProgram", 0);
  unsetenv("TENON_OPENCL_CACHE");
  EXPECT_NE(of_compiler.find("clBuildProgram of the kernels binary (dtype 0): CL_BUILD_PROGRAM_FAILURE"),
            std::string::npos)
      << of_compiler;
  EXPECT_NE(of_compiler.find("update its OpenCL driver"), std::string::npos) << of_compiler;
  EXPECT_EQ(refusal(), "");
}

TEST_F(OpenClFailures, ABadDeviceLeavesTheOthers) {
  const auto count = [] {
    const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
    return plugin->table().device_count(plugin->backend());
  };
  ASSERT_EQ(count(), 2);
  for (const char* const function : {"clGetDeviceInfo", "clCreateContext", "clEnqueueNDRangeKernel"}) {
    layer().fail_at_of(function, 1);
    EXPECT_EQ(count(), 1) << function;
  }
  layer().fail_at_of("clCreateCommandQueue", 1);
  open_and_run();
}

// abi.h: out of memory means that no updated output was touched, for the host tries again.
TEST_F(OpenClFailures, MemoryIsSaidToLackOnlyWhileAnUpdatedOutputIsAsItWas) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  Operand index = filled(DType::int64, {65537}, 0);  // one line that takes two launches
  Operand src = filled(DType::float32, {65537}, 1);
  Operand sum = filled(DType::float32, {1}, 3, Role::updated);
  const auto scatter = [&](long failing) {
    sum.fill({3});
    layer().fail_at_of("clEnqueueNDRangeKernel", failing);
    return run(*plugin, TENON_OP_INDEX, {&index, &src}, sum, &kScatter);
  };
  EXPECT_EQ(scatter(1), TENON_OUT_OF_MEMORY);
  EXPECT_EQ(all_are(sum, 3), "");
  EXPECT_EQ(scatter(3), TENON_FAILED);
  EXPECT_EQ(scatter(0), TENON_OK);
  EXPECT_EQ(all_are(sum, 65540), "");

  Operand a = filled(DType::int32, {1048561, 1}, 5);  // rows for two launches
  Operand b = filled(DType::int32, {1, 1}, 2);
  Operand out = filled(DType::int32, {1048561, 1}, 1, Role::updated);
  const auto multiply = [&](long failing) {
    out.fill({1});
    layer().fail_at_of("clEnqueueNDRangeKernel", failing);
    return run(*plugin, TENON_OP_MATMUL, {&a, &b}, out, &kUpdate);
  };
  EXPECT_EQ(multiply(1), TENON_OUT_OF_MEMORY);
  EXPECT_EQ(all_are(out, 1), "");
  EXPECT_EQ(multiply(2), TENON_FAILED);
  EXPECT_EQ(multiply(0), TENON_OK);
  EXPECT_EQ(all_are(out, 11), "");
}

// Small writes are copied and queued, large ones are waited for.
TEST_F(OpenClFailures, ACopyBetweenDevicesFailsWithEitherHalf) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  const tenon_backend_table& table = plugin->table();
  for (const std::size_t size : {100, 300000}) {
    std::vector<std::byte> sent(size, std::byte{7});
    std::vector<std::byte> received(size);
    conformance::DeviceBuffer here(*plugin, size);
    here.write(sent.data(), size);
    void* there = nullptr;
    ASSERT_EQ(table.allocate(plugin->backend(), 1, size, &there), TENON_OK);
    const auto copy = [&](DLDevice to_device, void* to, DLDevice from_device, const void* from) {
      return table.copy(plugin->backend(), to_device, to, from_device, from, size, nullptr);
    };
    for (const char* const function : {"clEnqueueReadBuffer", "clEnqueueWriteBuffer"}) {
      layer().fail_at_of(function, 1);
      EXPECT_EQ(copy({kDLOpenCL, 1}, there, {kDLOpenCL, 0}, here.handle()), TENON_OUT_OF_MEMORY) << function;
    }
    EXPECT_EQ(copy({kDLOpenCL, 1}, there, {kDLOpenCL, 0}, here.handle()), TENON_OK);
    EXPECT_EQ(copy({kDLCPU, 0}, received.data(), {kDLOpenCL, 1}, there), TENON_OK);
    EXPECT_EQ(received, sent);
    table.deallocate(plugin->backend(), 1, there, size);
  }
}

// PoCL compiles a kernel when it first runs, and a process must not end meanwhile.
TEST_F(OpenClFailures, TheFirstRunOfAKernelIsWaitedForUntilThatSucceeds) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  const conformance::DeviceBuffer memory(*plugin, 64);
  std::int64_t one[] = {1};
  const DLTensor out = {memory.handle(), plugin->properties().device, 1, {kDLInt, 64, 1}, one, one, 0};
  const tenon_init_attributes fill = {sizeof(fill), TENON_INIT_FILL, {{1, 1}, {0, 0}}, 0, 0};
  const auto waits = [&](tenon_status expected) {
    const long before = layer().calls_of("clFinish");
    EXPECT_EQ(plugin->run({sizeof(tenon_call), TENON_OP_INIT, 0, 1, nullptr, &out, &fill, nullptr}),
              expected);
    return layer().calls_of("clFinish") - before;
  };
  layer().fail_at_of("clFinish", 1);
  EXPECT_EQ(waits(TENON_FAILED), 1);
  EXPECT_EQ(waits(TENON_OK), 1);
  EXPECT_EQ(waits(TENON_OK), 0);
}

TEST_F(OpenClFailures, OurKernelsDoWhatCLBlastFailsAt) {
  const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
  for (const std::int64_t batches : {1, 3}) {
    Operand a = filled(DType::float32, {batches, 9, 16}, 1);
    Operand b = filled(DType::float32, {batches, 16, 8}, 2);
    Operand out = filled(DType::float32, {batches, 9, 8}, 1, Role::updated);
    ASSERT_EQ(run(*plugin, TENON_OP_MATMUL, {&a, &b}, out, &kUpdate), TENON_OK);  // our kernel is compiled
    out.fill({1});
    setenv("TENON_OPENCL_CLBLAST", "1", 1);
    layer().fail_at_of("clCreateProgramWithSource", kEach);
    const long before = layer().calls_of("clCreateProgramWithSource");
    EXPECT_EQ(run(*plugin, TENON_OP_MATMUL, {&a, &b}, out, &kUpdate), TENON_OK);
    EXPECT_GT(layer().calls_of("clCreateProgramWithSource"), before) << "CLBlast was not asked";
    layer().fail_at_of("clCreateProgramWithSource", 0);
    unsetenv("TENON_OPENCL_CLBLAST");
    EXPECT_EQ(all_are(out, 33), "");
  }
}

}  // namespace
}  // namespace tenon::opencl_layer
