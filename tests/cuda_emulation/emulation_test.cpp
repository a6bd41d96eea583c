// The emulation by itself: kernels with barriers and shuffles, streams that wait, memory that the host cannot
// touch, failures on demand. Linked with its sources, without the backend.
#include "failures.h"

#include <cuda_runtime.h>

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace {

constexpr int kThreads = 96;

/// out[block, thread] = the sum over the block's threads before it, itself included, of in.
__global__ void prefix_sums(int* out, const int* in) {
  __shared__ int sums[kThreads];
  const unsigned thread = threadIdx.x;
  sums[thread] = in[blockIdx.x * blockDim.x + thread];
  __syncthreads();
  for (unsigned back = 1; back < blockDim.x; back *= 2) {
    const int other = thread >= back ? sums[thread - back] : 0;
    __syncthreads();
    sums[thread] += other;
    __syncthreads();
  }
  out[blockIdx.x * blockDim.x + thread] = sums[thread];
}

/// Each lane gets the sum over its warp, then lane 3's thread.
__global__ void warp_sums(int* sums, int* of_lane_3) {
  const auto thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  int value = thread;
  for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(0xFFFFFFFFU, value, lanes);
  sums[thread] = value;
  of_lane_3[thread] = __shfl_sync(0xFFFFFFFFU, thread, 3);
}

__global__ void write(int* out, int value) { *out = value; }
__global__ void write_behind(char* out, int at) { out[at] = 1; }
__global__ void half_a_barrier(int) {
  if (threadIdx.x == 0) {
    __syncthreads();
  } else {
    __shfl_sync(0xFFFFFFFFU, 0, 1);
  }
}
__global__ void shuffle_with_the_gone(int) {
  if (threadIdx.x == 0) return;
  __shfl_sync(0xFFFFFFFFU, 0, 1);
}

template <typename... Params, typename... Args>
cudaError_t run(cudaStream_t stream, void (*kernel)(Params...), dim3 grid, dim3 block, Args... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, args...);
}

class Emulation : public testing::Test {
 protected:
  void SetUp() override {
    tenon_cuda_emulation_fail_at(0);
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    const cudaMemPoolProps properties = {cudaMemAllocationTypePinned, {cudaMemLocationTypeDevice, 0}};
    if (pool == nullptr) {
      ASSERT_EQ(cudaMemPoolCreate(&pool, &properties), cudaSuccess);
    }
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  }
  void TearDown() override {
    ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
    EXPECT_EQ(tenon_cuda_emulation_live_handles(), 1) << "the pool";
    EXPECT_EQ(tenon_cuda_emulation_live_bytes(), 0U);
  }

  template <typename T>
  T* allocate(std::size_t count) {
    void* memory = nullptr;
    EXPECT_EQ(cudaMallocFromPoolAsync(&memory, count * sizeof(T), pool, stream), cudaSuccess);
    return static_cast<T*>(memory);
  }
  void free(void* memory) { EXPECT_EQ(cudaFreeAsync(memory, stream), cudaSuccess); }
  template <typename T>
  std::vector<T> read(const T* from, std::size_t count) {
    std::vector<T> to(count);
    EXPECT_EQ(cudaMemcpyAsync(to.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost, stream),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    return to;
  }

  static inline cudaMemPool_t pool = nullptr;
  cudaStream_t stream = nullptr;
};

TEST_F(Emulation, BarriersHold) {
  constexpr int kBlocks = 3;
  std::vector<int> numbers(kBlocks * kThreads);
  std::iota(numbers.begin(), numbers.end(), 1);
  const std::size_t bytes = numbers.size() * sizeof(int);
  int* const in = allocate<int>(numbers.size());
  int* const out = allocate<int>(numbers.size());
  ASSERT_EQ(cudaMemcpyAsync(in, numbers.data(), bytes, cudaMemcpyHostToDevice, stream), cudaSuccess);
  ASSERT_EQ(run(stream, prefix_sums, kBlocks, kThreads, out, in), cudaSuccess);
  const std::vector<int> sums = read(out, numbers.size());
  for (int block = 0; block < kBlocks; ++block) {
    int sum = 0;
    for (int thread = 0; thread < kThreads; ++thread) {
      const auto i = static_cast<std::size_t>(block * kThreads + thread);
      sum += numbers[i];
      ASSERT_EQ(sums[i], sum) << i;
    }
  }
  free(in);
  free(out);
}

TEST_F(Emulation, ShufflesExchangeWithinEachWarp) {
  int* const sums = allocate<int>(128);
  int* const third = allocate<int>(128);
  ASSERT_EQ(run(stream, warp_sums, 1, dim3(32, 4), sums, third), cudaSuccess);
  const std::vector<int> sum = read(sums, 128);
  const std::vector<int> lane = read(third, 128);
  for (int i = 0; i < 128; ++i) {
    const int first = i / 32 * 32;
    ASSERT_EQ(sum[static_cast<std::size_t>(i)], 32 * first + 31 * 16);
    ASSERT_EQ(lane[static_cast<std::size_t>(i)], first + 3);
  }
  free(sums);
  free(third);
}

TEST_F(Emulation, WorkWaitsForASynchronise) {
  int* const one = allocate<int>(1);
  ASSERT_EQ(run(stream, write, 1, 1, one, 7), cudaSuccess);
  int got = 0;
  ASSERT_EQ(cudaMemcpyAsync(&got, one, sizeof(got), cudaMemcpyDeviceToHost, stream), cudaSuccess);
  EXPECT_EQ(got, 0) << "a copy that nobody waited for";
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(got, 7);
  free(one);
}

TEST_F(Emulation, AnEventOrdersTwoStreams) {
  cudaStream_t other = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  int* const one = allocate<int>(1);
  ASSERT_EQ(run(stream, write, 1, 1, one, 1), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event, stream), cudaSuccess);
  ASSERT_EQ(cudaStreamWaitEvent(other, event, 0), cudaSuccess);
  ASSERT_EQ(run(other, write, 1, 1, one, 2), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  EXPECT_EQ(read(one, 1)[0], 2) << "the first stream's work came after the second's, which waited for it";
  free(one);
  ASSERT_EQ(cudaEventDestroy(event), cudaSuccess);
  ASSERT_EQ(cudaStreamDestroy(other), cudaSuccess);
}

TEST_F(Emulation, FreshMemoryIsNaN) {
  float* const one = allocate<float>(1);
  EXPECT_NE(read(one, 1)[0], read(one, 1)[0]);
  free(one);
}

TEST_F(Emulation, WrongCallsAreRefused) {
  int* const one = allocate<int>(1);
  int got = 0;
  EXPECT_EQ(run(stream, write, 1, 1025, one, 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(stream, write, 0, 1, one, 1), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaMemcpyAsync(&got, one + 1, sizeof(got), cudaMemcpyDeviceToHost, stream),
            cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(one, &got, 2 * sizeof(got), cudaMemcpyHostToDevice, stream),
            cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeAsync(&got, stream), cudaErrorInvalidValue);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(run(stream, write, 1, 1, one, 1), cudaErrorInvalidResourceHandle) << "a stream of another device";
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  cudaGetLastError();
  void* memory = nullptr;
  EXPECT_EQ(cudaMallocFromPoolAsync(&memory, std::size_t{1} << 40, pool, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  free(one);
}

TEST_F(Emulation, TheCallThatIsAskedToFailsOnce) {
  tenon_cuda_emulation_fail_at(2);
  int device = 0;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(cudaGetDevice(&device), cudaErrorUnknown);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaErrorUnknown);
}

TEST_F(Emulation, ASynchroniseThatFailsLosesTheWorkButNoMemory) {
  int* const one = allocate<int>(1);
  int* const two = allocate<int>(1);
  ASSERT_EQ(run(stream, write, 1, 1, one, 7), cudaSuccess);
  free(two);
  tenon_cuda_emulation_fail_at(1);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
  EXPECT_NE(read(one, 1)[0], 7);
  EXPECT_EQ(tenon_cuda_emulation_live_bytes(), sizeof(int));
  free(one);
}

using EmulationDeathTest = Emulation;

TEST_F(EmulationDeathTest, TheHostCannotTouchDeviceMemory) {
  volatile int* const one = allocate<int>(1);
  EXPECT_DEATH(*one = 1, "");
  EXPECT_DEATH(static_cast<void>(*one), "");
  EXPECT_EQ(run(stream, write, 1, 1, const_cast<int*>(one), 1), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_DEATH(*one = 1, "") << "nor after a kernel";
  free(const_cast<int*>(one));
}

TEST_F(EmulationDeathTest, AKernelCannotTouchTheOtherDevice) {
  int* const here = allocate<int>(1);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  cudaStream_t there = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&there, cudaStreamNonBlocking), cudaSuccess);
  EXPECT_DEATH(
      {
        run(there, write, 1, 1, here, 1);
        cudaStreamSynchronize(there);
      },
      "");
  ASSERT_EQ(cudaStreamDestroy(there), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  free(here);
}

TEST_F(EmulationDeathTest, UndefinedKernelsAreNoticed) {
  EXPECT_DEATH(
      {
        char* const bytes = allocate<char>(5);
        run(stream, write_behind, 1, 1, bytes, 5);
        free(bytes);
        cudaStreamSynchronize(stream);
      },
      "wrote behind a block");
  const auto run_and_wait = [&](void (*kernel)(int)) {
    run(stream, kernel, 1, 32, 0);
    cudaStreamSynchronize(stream);
  };
  EXPECT_DEATH(run_and_wait(half_a_barrier), "different places");
  EXPECT_DEATH(run_and_wait(shuffle_with_the_gone), "a lane that has left");
}

}  // namespace
