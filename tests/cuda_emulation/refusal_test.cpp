// What becomes of a call of which CUDA or one of its libraries refuses a part, and of the next one.
#include "backend_under_test.h"

#include <cublas_v2.h>

#include <gtest/gtest.h>

#include <limits>

namespace tenon::emulation {
namespace {

constexpr DLDataType kFloat32 = {kDLFloat, 32, 1};
constexpr DLDataType kInt64 = {kDLInt, 64, 1};

constexpr tenon_matmul_attributes kProduct = {sizeof(kProduct), TENON_NO_ACTIVATION, {1, 1}, {0, 0}};
constexpr tenon_matmul_attributes kUpdate = {sizeof(kUpdate), TENON_NO_ACTIVATION, {1, 1}, {1, 1}};

/// Ones everywhere.
class Ones : public DeviceTensor {
 public:
  Ones(const BackendUnderTest& backend, std::vector<std::int64_t> shape)
      : DeviceTensor(backend, 0, kFloat32, std::move(shape)) {
    EXPECT_EQ(write(std::vector<float>(bytes() / sizeof(float), 1).data()).error, "");
  }
  [[nodiscard]] std::vector<float> values() const {
    std::vector<float> read_back(bytes() / sizeof(float));
    EXPECT_EQ(read(read_back.data()).error, "");
    return read_back;
  }
};

class Refusals : public testing::Test {
 protected:
  /// y = x w + bias, where the bias begins at an element of `biases`; 9 everywhere.
  Outcome run_linear(std::uint64_t first_of_bias = 0) {
    std::int64_t shape[] = {4, 8};
    std::int64_t strides[] = {0, 1};
    DLTensor bias = biases.tensor();
    bias.ndim = 2;
    bias.shape = shape;
    bias.strides = strides;
    bias.byte_offset = first_of_bias * sizeof(float);
    return run(backend, TENON_OP_MATMUL, {x.tensor(), w.tensor(), bias}, y.tensor(), &kProduct);
  }

  BackendUnderTest backend;
  Ones x{backend, {4, 8}};
  Ones w{backend, {8, 8}};
  Ones biases{backend, {64}};
  Ones y{backend, {4, 8}};
};

TEST_F(Refusals, WhatCublasLtRefusesCublasDoesFromThenOn) {
  switches().fail("cublasLtMatmul", CUBLAS_STATUS_NOT_SUPPORTED, 1, 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run_linear().error, "");
    EXPECT_EQ(y.values(), std::vector<float>(32, 9));
  }
  EXPECT_EQ(switches().calls_of("cublasLtMatmul"), 1);
  EXPECT_EQ(switches().calls_of("cublasGemmStridedBatchedEx"), 2);
}

TEST_F(Refusals, CublasLtIsAskedAnewForABiasOfAnotherAlignment) {
  EXPECT_EQ(run_linear(0).error, "");
  EXPECT_EQ(run_linear(0).error, "");
  EXPECT_EQ(switches().calls_of("cublasLtMatmulAlgoGetHeuristic"), 1);
  EXPECT_EQ(run_linear(4).error, "");
  EXPECT_EQ(switches().calls_of("cublasLtMatmulAlgoGetHeuristic"), 2);
  EXPECT_EQ(switches().calls_of("cublasGemmStridedBatchedEx"), 0);
  EXPECT_EQ(y.values(), std::vector<float>(32, 9));
}

TEST_F(Refusals, ABetaThatRoundsToZeroIsZero) {
  const tenon_matmul_attributes attributes = {sizeof(attributes), TENON_UNARY_TANH, {1, 1}, {1e-60, 0}};
  const auto product = [&] {
    return run(backend, TENON_OP_MATMUL, {x.tensor(), w.tensor()}, y.tensor(), &attributes);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(y.write(std::vector<float>(32, nan).data()).error, "");
  switches().fail("cudaLaunchKernelEx", cudaErrorMemoryAllocation, 1, 1);
  const Outcome refused = product();
  EXPECT_EQ(refused.status, TENON_OUT_OF_MEMORY) << refused.error;
  EXPECT_EQ(product().error, "");
  EXPECT_NEAR(y.values()[0], 1, 1e-6);
}

TEST_F(Refusals, WhatThePoolKeepsGoesToALibraryThatFindsNoMemoryToBeginWith) {
  switches().fail("cublasLtCreate", CUBLAS_STATUS_NOT_INITIALIZED, 1, 1);
  EXPECT_EQ(run_linear().error, "");
  EXPECT_EQ(switches().calls_of("cudaMemPoolTrimTo"), 1);
}

TEST_F(Refusals, ALibraryThatFindsNoMemoryEvenThenIsOutOfMemory) {
  switches().fail("cublasLtCreate", CUBLAS_STATUS_NOT_INITIALIZED, 1, 2);
  const Outcome fused = run_linear();
  EXPECT_EQ(fused.status, TENON_OUT_OF_MEMORY);
  EXPECT_NE(fused.error.find("CUBLAS_STATUS_NOT_INITIALIZED"), std::string::npos) << fused.error;
  switches().fail("cublasCreate", CUBLAS_STATUS_NOT_INITIALIZED, 1, 2);
  const auto update = [&] {
    return run(backend, TENON_OP_MATMUL, {x.tensor(), w.tensor()}, y.tensor(), &kUpdate);
  };
  EXPECT_EQ(update().status, TENON_OUT_OF_MEMORY) << "nothing was updated yet";
  EXPECT_EQ(update().error, "") << "the next attempt";
  EXPECT_EQ(y.values(), std::vector<float>(32, 9));
}

/// out (2, 2, 4, 8), whose matrices are two calls of cuBLAS, the second of which finds no memory.
Outcome run_batch(const BackendUnderTest& backend, const Ones& out,
                  const tenon_matmul_attributes& attributes) {
  const Ones a(backend, {2, 2, 4, 8});
  const Ones b(backend, {2, 2, 8, 8});
  // Both axes of the batch are repeated by one operand each, so that they are not one.
  std::int64_t a_strides[] = {32, 0, 8, 1};
  std::int64_t b_strides[] = {0, 64, 8, 1};
  DLTensor left = a.tensor();
  DLTensor right = b.tensor();
  left.strides = a_strides;
  right.strides = b_strides;
  switches().fail("cublasGemmStridedBatchedEx", CUBLAS_STATUS_ALLOC_FAILED, 2, 1);
  return run(backend, TENON_OP_MATMUL, {left, right}, out.tensor(), &attributes);
}

TEST_F(Refusals, ALackOfMemoryAmidABatchMayBeTriedAgain) {
  const Ones out(backend, {2, 2, 4, 8});
  EXPECT_EQ(run_batch(backend, out, kProduct).status, TENON_OUT_OF_MEMORY);
}

TEST_F(Refusals, ALackOfMemoryAmidAnUpdateIsAFailure) {
  const Ones out(backend, {2, 2, 4, 8});
  EXPECT_EQ(run_batch(backend, out, kUpdate).status, TENON_FAILED);
}

TEST_F(Refusals, ALackOfMemoryBehindAnUpdateIsAFailure) {
  for (const std::uint32_t activation : {TENON_UNARY_RELU, TENON_UNARY_TANH}) {
    const tenon_matmul_attributes attributes = {sizeof(attributes), activation, {1, 1}, {1, 1}};
    switches().fail("cudaLaunchKernelEx", cudaErrorMemoryAllocation, 1, 1);
    EXPECT_EQ(run(backend, TENON_OP_MATMUL, {x.tensor(), w.tensor()}, y.tensor(), &attributes).status,
              TENON_FAILED);
  }
}

TEST_F(Refusals, ALackOfMemoryBetweenTwoKernelsThatUpdateIsAFailure) {
  // alpha = 0 makes the product elsewhere: one kernel updates out, and another follows with the activation.
  const tenon_matmul_attributes attributes = {sizeof(attributes), TENON_UNARY_TANH, {0, 0}, {1, 1}};
  switches().fail("cudaLaunchKernelEx", cudaErrorMemoryAllocation, 2, 1);
  EXPECT_EQ(run(backend, TENON_OP_MATMUL, {x.tensor(), w.tensor()}, y.tensor(), &attributes).status,
            TENON_FAILED);
}

TEST_F(Refusals, AScatterAddThatFindsNoMemoryHasUpdatedNothing) {
  const Ones src(backend, {8});
  const Ones out(backend, {4});
  const DeviceTensor index(backend, 0, kInt64, {8});
  EXPECT_EQ(index.write(std::vector<std::int64_t>(8, 2).data()).error, "");
  const tenon_index_attributes attributes = {sizeof(attributes), TENON_INDEX_SCATTER_ADD, 0};
  const auto scatter_add = [&] {
    return run(backend, TENON_OP_INDEX, {index.tensor(), src.tensor()}, out.tensor(), &attributes);
  };
  switches().fail("cudaLaunchKernelEx", cudaErrorMemoryAllocation, 2, 1);  // behind the look at the indices
  EXPECT_EQ(scatter_add().status, TENON_OUT_OF_MEMORY);
  EXPECT_EQ(out.values(), std::vector<float>(4, 1));
  EXPECT_EQ(scatter_add().error, "");
  EXPECT_EQ(out.values(), (std::vector<float>{1, 1, 9, 1}));
}

}  // namespace
}  // namespace tenon::emulation
