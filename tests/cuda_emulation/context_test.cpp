// Which devices the backend takes memory of by making contexts on them, and when.
#include "backend_under_test.h"

#include <gtest/gtest.h>

#include <thread>

namespace tenon::emulation {
namespace {

constexpr DLDataType kFloat32 = {kDLFloat, 32, 1};

tenon_device_properties properties(const BackendUnderTest& backend, std::int32_t device) {
  tenon_device_properties found{};
  found.struct_size = sizeof(found);
  EXPECT_EQ(backend.table().device_properties(backend.get(), device, &found), TENON_OK) << take_error();
  return found;
}

/// What anybody does with a device: its memory, a copy each way, a product, an index.
void use(const BackendUnderTest& backend, int device) {
  const DeviceTensor x(backend, device, kFloat32, {16, 16});
  const DeviceTensor y(backend, device, kFloat32, {16, 16});
  ASSERT_NE(x.memory(), nullptr) << take_error();
  ASSERT_NE(y.memory(), nullptr) << take_error();
  const std::vector<float> ones(256, 1);
  std::vector<float> result(256);
  EXPECT_EQ(x.write(ones.data()).error, "");
  const tenon_matmul_attributes product = {sizeof(product), TENON_NO_ACTIVATION, {1, 1}, {0, 0}};
  EXPECT_EQ(run(backend, TENON_OP_MATMUL, {x.tensor(), x.tensor()}, y.tensor(), &product).error, "");
  EXPECT_EQ(y.read(result.data()).error, "");
  EXPECT_EQ(result, std::vector<float>(256, 16));
}

TEST(Contexts, OpeningMakesNone) {
  const BackendUnderTest backend;
  EXPECT_GT(backend.table().score(backend.get()), 0);
  for (int device = 0; device < 2; ++device) {
    const tenon_device_properties found = properties(backend, device);
    EXPECT_GT(found.total_memory, 0U);
    EXPECT_EQ(found.free_memory, found.total_memory);
    EXPECT_FALSE(switches().has_context(device)) << device;
  }
}

TEST(Contexts, OnlyADeviceThatIsUsedGetsOne) {
  const BackendUnderTest backend;
  use(backend, 1);
  std::thread([&] { use(backend, 1); }).join();
  EXPECT_EQ(backend.table().synchronize(backend.get(), 0, nullptr), TENON_OK);
  properties(backend, 0);
  EXPECT_TRUE(switches().has_context(1));
  EXPECT_FALSE(switches().has_context(0));
}

TEST(Contexts, EachHasOnePoolForAllMemory) {
  const BackendUnderTest backend;
  use(backend, 0);
  std::thread([&] { use(backend, 0); }).join();
  EXPECT_EQ(switches().calls_of("cudaMemPoolCreate"), 1);
  EXPECT_GE(switches().calls_of("cudaMallocFromPoolAsync"), 4);
}

TEST(Contexts, AThreadIsLeftWithTheOneThatItHad) {
  const BackendUnderTest backend;
  use(backend, 1);
  EXPECT_EQ(switches().current_device(), -1);
  switches().set_device(0);
  use(backend, 1);
  EXPECT_EQ(switches().current_device(), 0);
}

TEST(Contexts, FreeMemoryIsMeasuredOnADeviceThatIsUsed) {
  const BackendUnderTest backend;
  const DeviceTensor x(backend, 1, kFloat32, {1024});
  const tenon_device_properties found = properties(backend, 1);
  EXPECT_EQ(found.free_memory, found.total_memory - x.bytes());
}

TEST(Contexts, ADeviceThatIsTakenIsAnErrorWhenItIsUsed) {
  switches().machine->taken_device = 0;
  const BackendUnderTest backend;
  EXPECT_EQ(backend.table().device_count(backend.get()), 2);
  void* memory = nullptr;
  EXPECT_EQ(backend.table().allocate(backend.get(), 0, 64, &memory), TENON_FAILED);
  EXPECT_EQ(take_error(),
            "cudaErrorDevicesUnavailable (CUDA-capable device(s) is/are busy or unavailable) from "
            "cuDevicePrimaryCtxRetain");
  use(backend, 1);
}

TEST(Contexts, AFirstUseThatFailsIsTriedAgainByTheNext) {
  const BackendUnderTest backend;
  int failures = 0;
  for (long failing = 1;; ++failing) {
    switches().fail_at(failing);
    void* memory = nullptr;
    const tenon_status status = backend.table().allocate(backend.get(), 0, 64, &memory);
    switches().fail_at(0);
    if (status == TENON_OK) {
      backend.table().deallocate(backend.get(), 0, memory, 64);
      break;
    }
    EXPECT_NE(take_error(), "");
    EXPECT_EQ(memory, nullptr);
    ++failures;
  }
  EXPECT_GE(failures, 5);
  EXPECT_EQ(switches().live_bytes(), 0U);
  EXPECT_EQ(switches().current_device(), -1);
  use(backend, 0);
}

}  // namespace
}  // namespace tenon::emulation
