// Tensors in a device's memory: where results lie, what is copied and said, threads, failures, full devices.
// The backend of plugins/device_backend.cpp is on the search path.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/format.h>
#include <tenon/io.h>
#include <tenon/nn.h>
#include <tenon/op_table.h>
#include <tenon/ops.h>
#include <tenon/optim.h>
#include <tenon/random.h>
#include <tenon/views.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "device_memory.h"
#include "expect_error.h"

namespace tenon {
namespace {

using test::DeviceTest;
using test::expect_error;
using Values = std::vector<float>;

// ---- moving ----

TEST_F(DeviceTest, NamesNameMemories) {
  EXPECT_EQ(first.name(), "device:0");
  EXPECT_EQ(second.name(), "device:1");
  EXPECT_EQ(Device("cpu"), Device());
  EXPECT_EQ(Device("naive"), Device());
  EXPECT_EQ(Device("device:0"), first);
  EXPECT_FALSE(first == second);
}

TEST_F(DeviceTest, WrongNamesAreErrors) {
  expect_error<BackendError>([] { Device("device:2"); }, "the devices of device are numbered from 0 to 1");
  expect_error<BackendError>([] { Device("naive:0"); }, "naive has no devices");
  expect_error<BackendError>([] { Device("device:x"); }, "'device:x' is not there");
  expect_error<BackendError>([] { Device("nowhere"); }, "backend 'nowhere' cannot be used");
  expect_error<BackendError>([] { use_backend("device:7"); }, "numbered from 0 to 1");
}

TEST_F(DeviceTest, ThereAndBackIsTheSame) {
  const Tensor there = x.to("device:1");
  EXPECT_EQ(there.device(), second);
  EXPECT_EQ(there.to("cpu").to_vector<float>(), x.to_vector<float>());
  EXPECT_TRUE(there.to("device:1").is_same(there));
  EXPECT_TRUE(x.to("cpu").is_same(x));
}

TEST_F(DeviceTest, ViewsGoAsWhatTheyShow) {
  const Tensor there = x.to("device");
  EXPECT_EQ(slice(transpose(x), 0, 1, 3).to("device").to_vector<float>(), (Values{2, 5, 3, 6}));
  EXPECT_EQ(slice(transpose(there), 0, 1, 3).to("device:1").to_vector<float>(), (Values{2, 5, 3, 6}));
  EXPECT_EQ(expand(slice(there, 1, 2, 3), {2, 2}).to("cpu").to_vector<float>(), (Values{3, 3, 6, 6}));
}

TEST_F(DeviceTest, EmptyTensorsGo) {
  const Tensor none = zeros({0, 3}).to("device");
  EXPECT_EQ(none.device(), first);
  EXPECT_EQ(none.to("cpu").shape(), (Shape{0, 3}));
}

TEST_F(DeviceTest, TransfersAreCounted) {
  const Tensor there = x.to("device");
  const Tensor other = there.to("device:1");
  EXPECT_EQ(sum(other).item<float>(), 21);
  const TransferCounts counts = transfer_counts();
  EXPECT_EQ(counts.to_device.bytes, 24U);
  EXPECT_EQ(counts.between_devices.bytes, 24U);
  EXPECT_EQ(counts.to_host.calls, 1U);
  EXPECT_EQ(counts.to_host.bytes, 4U);
}

TEST_F(DeviceTest, TheHostCannotReachIn) {
  const Tensor there = x.to("device");
  expect_error<BackendError>([&] { (void)there.data<float>(); }, "the tensor lies in device:0");
}

TEST_F(DeviceTest, ReadsWait) {
  const Tensor there = x.to("device") * 2.0;
  EXPECT_EQ(there.to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(slice(there, 1, 1, 2).to_vector<int>(), (std::vector<int>{4, 10}));
  EXPECT_EQ(view(slice(slice(there, 0, 1, 2), 1, 2, 3), {}).item<int>(), 12);
  EXPECT_EQ(to_string(there), "tensor([[ 2.,  4.,  6.],\n        [ 8., 10., 12.]], device='device:0')");
  EXPECT_TRUE(allclose(there, there));
}

TEST_F(DeviceTest, HostTensorsAreReadOnTheHostWhateverIsChosen) {
  const Values columns = transpose(x).to_vector<float>();
  const use_backend scope("device");
  EXPECT_EQ(transpose(x).to_vector<float>(), columns);
  EXPECT_EQ(count("copy", "device").calls, 0U);
}

TEST_F(DeviceTest, DeclinedDTypesAreSavedOnAnyStrides) {
  const auto folder = std::filesystem::temp_directory_path() / ("tenon_declined_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string npy = folder / "x.npy";
  const std::string tensors = folder / "x.safetensors";
  const Tensor there = astype(x, DType::float64).to("device");
  save_npy(npy, transpose(there));
  save_safetensors(tensors, {{"x", transpose(there)}});
  EXPECT_EQ(load_npy(npy).to_vector<float>(), transpose(x).to_vector<float>());
  EXPECT_EQ(load_safetensors(tensors).tensors[0].second.to_vector<float>(), transpose(x).to_vector<float>());
  std::filesystem::remove_all(folder);
}

TEST_F(DeviceTest, FilesAreTheSameAsFromTheHost) {
  const auto folder = std::filesystem::temp_directory_path() / ("tenon_device_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string npy = folder / "x.npy";
  const std::string tensors = folder / "x.safetensors";
  save_npy(npy, transpose(x.to("device")));
  save_safetensors(tensors, {{"x", transpose(x.to("device"))}});
  EXPECT_EQ(load_npy(npy).to_vector<float>(), transpose(x).to_vector<float>());
  EXPECT_EQ(load_safetensors(tensors).tensors[0].second.to_vector<float>(), transpose(x).to_vector<float>());
  const use_backend scope("device:1");
  EXPECT_EQ(load_npy(npy).device(), second);
  std::filesystem::remove_all(folder);
}

// ---- where ops run ----

TEST_F(DeviceTest, OpsFollowTheirOperands) {
  const Tensor there = x.to("device:1");
  const Tensor y = relu(there - 3.0) + sum(matmul(transpose(there), there));
  EXPECT_EQ(y.device(), second);
  EXPECT_EQ(zeros_like(there).device(), second);
  EXPECT_EQ(empty_like(there).device(), second);
  EXPECT_EQ(count("relu", "naive").calls, 0U);
}

TEST_F(DeviceTest, CreationGoesToTheChosen) {
  set_default_backend("device:1,naive");
  EXPECT_EQ(zeros({2}).device(), second);
  EXPECT_EQ(from_values<float>({1, 2}).device(), second);
  EXPECT_EQ(uniform({4}).device(), second);
  EXPECT_EQ(current_device(), second);
  const use_backend scope("naive");
  EXPECT_EQ(zeros({2}).device(), Device());
}

TEST_F(DeviceTest, LikeFunctionsGoBesideTheirTensor) {
  set_default_backend("device,naive");
  const Tensor here = x.to("cpu");
  for (const Tensor& like : {empty_like(here), zeros_like(here), ones_like(here)}) {
    EXPECT_EQ(like.device(), Device());
  }
}

TEST_F(DeviceTest, WhatLiesOnTheHostGoesToTheListsOwnHostBackend) {
  set_default_backend("device,naive");
  EXPECT_TRUE(allclose(x, x));
  for (const OpCount& each : op_counts()) EXPECT_EQ(each.backend, "naive") << each.op;
}

TEST_F(DeviceTest, AScopeWinsOverWhereOperandsLie) {
  set_fallback_policy(Fallback::allow);
  const Tensor there = x.to("device");
  const use_backend scope("naive");
  EXPECT_EQ((there + there).device(), Device());
  EXPECT_EQ(count("add", "naive").copied_bytes, 48U);
}

TEST_F(DeviceTest, InPlaceStaysInPlace) {
  const Tensor there = x.to("device");
  add_(there, ones_like(there));
  mul_(transpose(there), full_like(transpose(there), 2));
  fill_(slice(there, 0, 0, 1), 0);
  EXPECT_EQ(there.to_vector<float>(), (Values{0, 0, 0, 10, 12, 14}));
  EXPECT_EQ(there.device(), first);
}

TEST_F(DeviceTest, CopyCrossesMemories) {
  const Tensor there = zeros({2, 3}, DType::int32).to("device");
  copy_(there, x);
  EXPECT_EQ(there.to_vector<float>(), x.to_vector<float>());
  copy_(transpose(x), transpose(there) * 2);
  EXPECT_EQ(x.to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
}

// ---- mixed memories ----

TEST_F(DeviceTest, MixedOperandsAreAnErrorThatNamesBothAndTheOp) {
  const Tensor there = x.to("device:1");
  expect_error<BackendError>([&] { x + there; }, "[add]");
  expect_error<BackendError>([&] { x + there; }, "(2, 3) in cpu, (2, 3) in device:1");
  expect_error<BackendError>([&] { x.to("device") * there; }, "(2, 3) in device:0, (2, 3) in device:1");
}

TEST_F(DeviceTest, PiecesInTwoMemoriesAreMixedOperands) {
  const Tensor there = x.to("device:1");
  expect_error<BackendError>([&] { concat({x, there}, 0); }, "[concat] it runs on device:1");
  expect_error<BackendError>([&] { concat({x, there}, 0); }, "(2, 3) in cpu, (2, 3) in device:1");
  set_fallback_policy(Fallback::allow);
  const Tensor y = concat({x, there}, 0);
  EXPECT_EQ(y.device(), second);
  EXPECT_EQ(y.to_vector<float>(), (Values{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(count("copy", "device").copied_bytes, 24U);
}

TEST_F(DeviceTest, MixedOperandsAreCopiedCountedAndSaidOnce) {
  set_fallback_policy(Fallback::warn);
  const Tensor there = x.to("device:1");
  for (int i = 0; i < 2; ++i) {
    const Tensor sum = x - there;
    EXPECT_EQ(sum.device(), second);
    EXPECT_EQ(sum.to_vector<float>(), Values(6));
  }
  EXPECT_EQ(count("sub", "device").copied_bytes, 48U);
  ASSERT_EQ(said().size(), 1U);
  EXPECT_NE(said()[0].find("[sub] it runs on device:1"), std::string::npos) << said()[0];
}

TEST_F(DeviceTest, RepeatedElementsGoOverOnce) {
  set_fallback_policy(Fallback::allow);
  const Tensor there = ones({100, 3}).to("device");
  const Tensor row = from_values<float>({1, 2, 3});
  reset_transfer_counts();
  EXPECT_EQ(sum(there * row).item<float>(), 600);
  EXPECT_EQ(transfer_counts().to_device.bytes, 12U);
}

TEST_F(DeviceTest, NumbersMixFreely) {
  const Tensor there = x.to("device");
  const Tensor two = full({}, 2.0);
  reset_transfer_counts();
  const Tensor y = there * two + full({1, 1}, 3, DType::int64);
  EXPECT_EQ(transfer_counts().to_device.calls, 0U);
  EXPECT_EQ(y.to_vector<float>(), (Values{5, 7, 9, 11, 13, 15}));
}

TEST_F(DeviceTest, AnUpdateInAnotherMemoryIsBroughtBack) {
  set_fallback_policy(Fallback::allow);
  const Tensor y = clone(x);
  {
    const use_backend scope("device");
    add_(slice(y, 1, 1, 3), full({2, 2}, 10.0F));
    const Tensor index = from_values<std::int64_t>({0, 0}, {2, 1});
    EXPECT_EQ(scatter_add(y, 1, index, ones({2, 1})).to_vector<float>(), (Values{2, 12, 13, 5, 15, 16}));
  }
  EXPECT_EQ(y.to_vector<float>(), (Values{1, 12, 13, 4, 15, 16}));
}

// ---- what the device declines ----

TEST_F(DeviceTest, DeclinedOpsGoThroughTheHost) {
  set_fallback_policy(Fallback::allow);
  const Tensor there = astype(x, DType::float64).to("device");
  const Tensor y = there + there;
  EXPECT_EQ(y.device(), first);
  EXPECT_EQ(y.to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
  const OpCount counted = count("add", "naive");
  EXPECT_EQ(counted.calls, 1U);
  EXPECT_EQ(counted.copied_bytes, 3U * 48U);
}

TEST_F(DeviceTest, DeclinedOpsGoToWhatIsChosenForTheHost) {
  set_fallback_policy(Fallback::allow);
  set_default_backend("blas");
  const Tensor there = astype(x, DType::float64).to("device");
  const Tensor y = there + there;
  EXPECT_EQ(y.device(), first);
  EXPECT_EQ(count("add", "blas").calls, 1U);
  EXPECT_EQ(count("add", "naive").calls, 0U);
}

TEST_F(DeviceTest, DeclinedDTypesGoOnAnyStrides) {
  set_fallback_policy(Fallback::allow);
  const Tensor there = astype(x, DType::float64).to("device");
  EXPECT_EQ(transpose(there).to("device:1").to_vector<float>(), transpose(x).to_vector<float>());
  mul_(slice(there, 1, 1, 3), full({}, 10.0, DType::float64));
  EXPECT_EQ(there.to_vector<float>(), (Values{1, 20, 30, 4, 50, 60}));
  copy_(transpose(there), transpose(x));
  EXPECT_EQ(there.to_vector<float>(), x.to_vector<float>());
}

TEST_F(DeviceTest, DeclinedOpsAreAnErrorWhereFallbackIs) {
  const Tensor there = astype(x, DType::float64).to("device");
  expect_error<BackendError>([&] { there + there; },
                             "[add] it runs on naive, and its operands lie elsewhere ((2, 3) in device:0, ");
  const use_backend scope("device");
  expect_error<BackendError>([&] { there + there; }, "[add] no chosen backend (device) does it");
}

TEST_F(DeviceTest, TheNextInTheListTakesWhatIsDeclined) {
  set_fallback_policy(Fallback::allow);
  const use_backend scope("device,naive");
  const Tensor y = ones({3}, DType::float64) * 2;
  EXPECT_EQ(y.device(), first);
  EXPECT_EQ(count("mul", "naive").fallbacks, 0U);
  EXPECT_EQ(y.to_vector<float>(), (Values{2, 2, 2}));
}

TEST_F(DeviceTest, WhatItDoesNotFuseIsComposedThere) {
  EXPECT_EQ(backend_coverage("device", Op::softmax, DType::float32), Coverage::decomposition);
  EXPECT_EQ(backend_coverage("device", Op::softmax, DType::float64), Coverage::decomposition);
  EXPECT_EQ(backend_coverage("device", Op::add, DType::float64), Coverage::fallback);
  const Tensor y = softmax(x.to("device"));
  EXPECT_EQ(y.device(), first);
  EXPECT_TRUE(allclose(y, softmax(x)));
}

// ---- threads ----

TEST_F(DeviceTest, ThreadsWaitForEachOthersWork) {
  Tensor made;
  std::thread([&] { made = x.to("device") * 2.0; }).join();
  const Tensor more = made + 1.0;
  Values seen;
  std::thread([&] { seen = more.to_vector<float>(); }).join();
  EXPECT_EQ(seen, (Values{3, 5, 7, 9, 11, 13}));
}

// A reader that asked first may come to the device after the next one.
TEST_F(DeviceTest, AWriterWaitsForAllReaders) {
  const Tensor there = full({4}, 1.0).to("device");
  const Tensor here = full({4}, 10.0);
  set_fallback_policy(Fallback::warn);
  std::atomic<bool> is_claimed{false};
  std::atomic<bool> goes_on{false};
  set_log_handler([&](int, std::string_view) {  // says that `here` is copied, on its way to the device
    is_claimed = true;
    while (!goes_on) std::this_thread::yield();
  });
  Tensor total;
  std::thread first_reader([&] { total = there + here; });
  while (!is_claimed) std::this_thread::yield();
  (void)(there + 1.0);
  goes_on = true;
  first_reader.join();
  fill_(there, 1000);
  EXPECT_EQ(there.to_vector<float>(), Values(4, 1000));
  EXPECT_EQ(total.to_vector<float>(), Values(4, 11));
}

TEST_F(DeviceTest, ReadersDoNotWaitForEachOther) {
  const Tensor there = x.to("device");
  constexpr int kTurns = 8;
  std::atomic<int> turn{0};
  std::int64_t calls[kTurns] = {};
  Tensor kept[kTurns];  // a block that is used again may cost a wait
  first.release_cache();
  const auto read_at_every_other_turn = [&](int own) {
    for (; own < kTurns; own += 2) {
      while (turn != own) std::this_thread::yield();
      const std::int64_t before = device.calls();
      kept[own] = square(there);
      calls[own] = device.calls() - before;
      ++turn;
    }
  };
  std::thread other(read_at_every_other_turn, 1);
  read_at_every_other_turn(0);
  other.join();
  for (int own = 2; own < kTurns; ++own) EXPECT_EQ(calls[own], 2) << own;  // allocates, runs
}

TEST_F(DeviceTest, OneWaitMakesAllFreedBlocksAnybodys) {
  std::thread([&] {
    const std::vector<Tensor> made = {zeros({64}).to("device"), zeros({64}).to("device"),
                                      zeros({64}).to("device")};
  }).join();
  const std::int64_t before = device.calls();
  const std::vector<Tensor> taken = {empty({64}, DType::float32, first), empty({64}, DType::float32, first),
                                     empty({64}, DType::float32, first)};
  EXPECT_EQ(device.calls() - before, 1);
}

TEST_F(DeviceTest, MemoryIsNotReusedBeforeItsLastUse) {
  const Tensor there = x.to("device");
  const auto work = [&] {
    for (int i = 0; i < 200; ++i) {
      const Tensor y = (there + 1.0) * (there - 1.0);
      ASSERT_EQ(y.to_vector<float>(), (Values{0, 3, 8, 15, 24, 35}));
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

TEST_F(DeviceTest, AnotherThreadWaitsForWorkOnWhatAReusedBlockHeld) {
  const Tensor there = x.to("device");
  { const Tensor gone = there * 2.0; }  // the work is queued, the block is back
  const Tensor reused = empty({2, 3}, DType::float32, first);
  std::thread([&] { fill_(reused, 1); }).join();
  EXPECT_EQ(reused.to_vector<float>(), Values(6, 1));
}

TEST_F(DeviceTest, AFailedWaitIsWaitedForAgain) {
  Tensor made;
  std::thread([&] { made = x.to("device") * 2.0; }).join();
  device.fail_at(1);
  expect_error<BackendError>([&] { (void)made.to_vector<float>(); }, "testErrorInjected from synchronize");
  EXPECT_EQ(made.to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
}

// ---- full devices and failures ----

TEST_F(DeviceTest, ALogHandlerThatThrowsFailsNoOp) {
  set_fallback_policy(Fallback::warn);
  int said = 0;
  set_log_handler([&](int, std::string_view) {
    ++said;
    throw std::runtime_error("from the handler");
  });
  EXPECT_EQ((x.to("device") + x).to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
  EXPECT_GT(said, 0);
}

TEST_F(DeviceTest, AFullDeviceSaysWhatWasAskedForAndWhatIsLeft) {
  first.release_cache();
  device.set_capacity(std::size_t{1} << 20);
  const Tensor kept = zeros({1000}).to("device");
  expect_error<OutOfMemory>([] { (void)zeros({1 << 20}).to("device"); },
                            "4194304 bytes were asked for on device:0");
  expect_error<OutOfMemory>([] { (void)zeros({1 << 20}).to("device"); }, "of its 1048576 are free");
  EXPECT_EQ(sum(kept).item<float>(), 0);
}

TEST_F(DeviceTest, TheCacheIsGivenBackBeforeADeviceIsFull) {
  first.release_cache();
  device.set_capacity(std::size_t{1} << 20);
  { const Tensor gone = zeros({150'000}).to("device"); }
  EXPECT_GT(first.statistics().cached, 500'000U);
  const Tensor fits = zeros({160'000}).to("device");
  EXPECT_LT(first.statistics().cached, 500'000U);
}

TEST_F(DeviceTest, AFailureThatNobodyCouldBeToldIsToldToTheNextReader) {
  const Tensor y = x.to("device") * 2.0;
  device.fail_at(1);
  first.release_cache();
  expect_error<BackendError>([&] { (void)y.to_vector<float>(); }, "testErrorInjected from synchronize");
  EXPECT_EQ(y.to_vector<float>(), (Values{2, 4, 6, 8, 10, 12}));
}

TEST_F(DeviceTest, ACopyThatFindsNoMemoryIsTriedAgainWithAnEmptyCache) {
  { const Tensor gone = ones({100}).to("device"); }
  EXPECT_GT(first.statistics().cached, 0U);
  device.starve_copies(1);
  const Tensor there = x.to("device");
  EXPECT_EQ(there.to_vector<float>(), x.to_vector<float>());
  EXPECT_EQ(first.statistics().cached, 0U);
  device.starve_copies(2);
  expect_error<OutOfMemory>([&] { (void)x.to("device"); }, "[copy] 24 bytes to device:0");
}

TEST_F(DeviceTest, AModelThatDoesNotFitStaysWhereItIs) {
  first.release_cache();
  nn::Sequential net;
  net.add(std::make_shared<nn::Linear>(100, 100));
  net.add(std::make_shared<nn::Linear>(100, 100));
  device.set_capacity(60'000);
  expect_error<OutOfMemory>([&] { net.to("device"); }, "were asked for on device:0");
  for (const Tensor& parameter : net.parameters()) EXPECT_EQ(parameter.device(), Device());
  EXPECT_EQ(net(ones({1, 100})).device(), Device());
}

TEST_F(DeviceTest, AModelWhoseGradientsDoNotFitStaysWhereItIs) {
  first.release_cache();
  nn::Linear net(100, 100);
  sum(net(ones({1, 100}))).backward();
  device.set_capacity(60'000);
  expect_error<OutOfMemory>([&] { net.to("device"); }, "were asked for on device:0");
  for (const Tensor& parameter : net.parameters()) {
    EXPECT_EQ(parameter.device(), Device());
    EXPECT_EQ(parameter.grad().device(), Device());
  }
}

TEST_F(DeviceTest, EveryFailureOfAStepIsAnErrorAndTheNextStepWorks) {
  nn::Sequential net;
  net.add(std::make_shared<nn::Linear>(3, 4));
  net.add(std::make_shared<nn::ReLU>());
  net.add(std::make_shared<nn::Linear>(4, 2));
  net.to("device");
  const Tensor labels = from_values<std::int64_t>({0, 1});
  optim::SGD optimizer(net.parameters(), 0.1, {.momentum = 0.9});
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = nn::cross_entropy(net(x), labels);
    loss.backward();
    optimizer.step();
    return loss.item<float>();
  };
  step();
  first.release_cache();
  const std::int64_t before = device.calls();
  step();
  const std::int64_t calls = device.calls() - before;
  EXPECT_GT(calls, 40);
  optimizer.zero_grad();
  const std::size_t held = first.statistics().in_use;
  for (std::int64_t n = 1; n <= calls; ++n) {
    first.release_cache();
    device.fail_at(n);
    expect_error<Error>(step, "testErrorInjected");
    device.fail_at(0);
    EXPECT_TRUE(std::isfinite(step())) << n;
    optimizer.zero_grad();
    EXPECT_EQ(first.statistics().in_use, held) << n;
  }
}

}  // namespace
}  // namespace tenon
