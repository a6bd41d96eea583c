// The tape's size, memory and threads.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/ops.h>
#include <tenon/random.h>
#include <tenon/storage.h>
#include <tenon/views.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "../conformance/backends_under_test.h"

namespace tenon {
namespace {

constexpr int kThreads = 8;

template <typename F>
void on_threads(F&& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&f, i] { f(i); });
  for (std::thread& thread : threads) thread.join();
}

// Views cost no kernel: a million of them are a long tape in little time.
TEST(LongTape, OverflowsNoStackInBackwardOrDestruction) {
  const Tensor x = ones({1}).set_requires_grad();
  Tensor y = x;
  for (int i = 0; i < 500000; ++i) y = squeeze(unsqueeze(y, 0), {0});
  y.backward();
  EXPECT_EQ(x.grad().item<float>(), 1);
  y = {};
}

TEST(LongTape, OfSavedOutputsIsDestroyedWithoutRecursion) {
  Tensor y = ones({1}).set_requires_grad();
  for (int i = 0; i < 200000; ++i) y = relu(y) * y;
  y = {};
}

TEST(LongTape, HeldByGradientsOfGradientsIsDestroyedWithoutRecursion) {
  const Tensor x = ones({1}).set_requires_grad();
  Tensor y = x;
  for (int i = 0; i < 30000; ++i) y = y * x;
  Tensor gradient = grad(y, {x}, true)[0];
  y = {};
  EXPECT_EQ(gradient.item<float>(), 30001);
  gradient = {};
}

TEST(Tape, FreesItsMemory) {
  manual_seed(0);
  const auto step = [] {
    const Tensor w = ones({32, 32}).set_requires_grad();
    const Tensor x = ones({16, 32});
    const Tensor loss = sum(softmax(matmul(relu(matmul(x, w)), transpose(w))) * x);
    loss.backward();
    const Tensor first = grad(loss, {w}, true)[0];
    grad(sum(first * first), {w});
  };
  step();
  const std::size_t before = host_memory::statistics().in_use;
  step();
  EXPECT_EQ(host_memory::statistics().in_use, before);
}

TEST(Tape, HoldsOnlyWhatTheRulesNeed) {
  const Tensor x = ones({1 << 18}).set_requires_grad();
  const std::size_t before = host_memory::statistics().in_use;
  const Tensor y = sum(x * 2);  // neither rule needs the product
  EXPECT_LT(host_memory::statistics().in_use - before, std::size_t{1} << 18);
}

TEST(Threads, AccumulateIntoSharedLeaves) {
  const Tensor w = ones({4, 4}).set_requires_grad();
  constexpr int kSteps = 50;
  on_threads([&](int i) {
    for (int step = 0; step < kSteps; ++step) sum(matmul(full({2, 4}, static_cast<double>(i)), w)).backward();
  });
  // Each step adds 2 i to each element; all sums are exact.
  const float expected = 2 * kSteps * (kThreads * (kThreads - 1) / 2);
  EXPECT_EQ(w.grad().to_vector<float>(), (std::vector<float>(16, expected)));
}

TEST(Threads, RunBackwardOverOneTape) {
  const Tensor x = full({3}, 2.0).set_requires_grad();
  const Tensor y = sum(square(exp(x * 0) * x));
  on_threads([&](int) { y.backward(); });
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>(3, 4 * kThreads)));
}

TEST(Threads, LetGoOfOneTapeTogether) {
  for (int round = 0; round < 20; ++round) {
    const Tensor x = ones({1}).set_requires_grad();
    Tensor y = x;
    for (int i = 0; i < 500; ++i) y = unsqueeze(squeeze(y), 0);
    std::vector<std::optional<Tensor>> ends(kThreads, y);
    y = {};
    on_threads([&](int i) { ends[static_cast<std::size_t>(i)].reset(); });
  }
}

TEST(Threads, HaveTheirOwnNoGrad) {
  const Tensor x = ones({1}).set_requires_grad();
  const NoGrad no_grad;
  on_threads([&](int) { EXPECT_TRUE((x * 2).requires_grad()); });
  EXPECT_FALSE((x * 2).requires_grad());
}

TEST(Threads, DrawFromOneGeneratorWithoutRepeats) {
  Generator generator(1);
  std::vector<Tensor> draws(kThreads);
  on_threads([&](int i) { draws[static_cast<std::size_t>(i)] = random_bits({400}, generator); });
  EXPECT_EQ(generator.offset(), 100u * kThreads);
  Generator whole(1);
  EXPECT_EQ(sum(concat(draws)).item<std::int64_t>(),
            sum(random_bits({400 * kThreads}, whole)).item<std::int64_t>());
}

TEST(Threads, RunOnTwoBackendsAtOnce) {
  const std::vector<std::string> names = test::usable_backends();
  const Tensor a = view(arange(35 * 5.0), {35, 5}) * 0.25;
  const Tensor expected = matmul(transpose(a), a);
  std::atomic<int> wrong{0};
  on_threads([&](int i) {
    const use_backend scope(names[static_cast<std::size_t>(i) % names.size()]);
    for (int step = 0; step < 50; ++step) wrong += equal(matmul(transpose(a), a), expected) ? 0 : 1;
  });
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace tenon
