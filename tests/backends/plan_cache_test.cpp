// The cache of the backend onednn: bounded, exact, and shared by threads.
#include <gtest/gtest.h>
#include <onednn/plan_cache.h>

#include <memory>
#include <thread>
#include <vector>

namespace tenon::onednn {
namespace {

struct Plan {
  std::int64_t number;
};

CallKey key_of(std::int64_t number) {
  CallKey key;
  key.add(7);
  key.add(number);
  return key;
}

TEST(PlanCache, MakesAPlanOnceAndNeverGrowsBeyondItsCapacity) {
  PlanCache<Plan> cache(8);
  int made = 0;
  const auto find = [&](std::int64_t number) {
    return cache
        .find(key_of(number),
              [&] {
                ++made;
                return std::make_shared<const Plan>(Plan{number});
              })
        ->number;
  };
  for (std::int64_t i = 0; i < 8; ++i) EXPECT_EQ(find(i), i);
  for (std::int64_t i = 0; i < 8; ++i) EXPECT_EQ(find(i), i);
  EXPECT_EQ(made, 8);
  for (std::int64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(find(i), i);
    ASSERT_LE(cache.size(), 8U);
  }
}

TEST(PlanCache, ForgetsTheLeastRecentlyUsed) {
  PlanCache<Plan> cache(2);
  int made = 0;
  const auto find = [&](std::int64_t number) {
    cache.find(key_of(number), [&] {
      ++made;
      return std::make_shared<const Plan>(Plan{number});
    });
  };
  find(1);
  find(2);
  find(1);
  find(3);  // in place of 2
  EXPECT_EQ(made, 3);
  find(1);
  EXPECT_EQ(made, 3);
  find(2);
  EXPECT_EQ(made, 4);
}

struct Use {
  explicit Use(std::shared_ptr<const Plan> plan) : number(plan->number) {}
  std::int64_t number;
};

TEST(PlanFront, AnswersForTheKeyAndNotForItsSlot) {
  PlanCache<Plan> cache(16);
  PlanFront<Plan, Use> front;
  for (int round = 0; round < 2; ++round) {
    for (std::int64_t i = 0; i < 4 * static_cast<std::int64_t>(PlanFront<Plan, Use>::kSlots); ++i) {
      const auto make = [&] { return std::make_shared<const Plan>(Plan{i}); };
      ASSERT_EQ(front.find(cache, key_of(i), make).number, i);
    }
  }
  EXPECT_LE(cache.size(), 16U);
}

TEST(PlanCache, IsSharedByThreads) {
  PlanCache<Plan> cache(5);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 2000; ++i) {
        const std::int64_t number = (i + static_cast<std::int64_t>(t)) % 9;
        const auto make = [&] { return std::make_shared<const Plan>(Plan{number}); };
        wrong[t] += cache.find(key_of(number), make)->number == number ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
  EXPECT_LE(cache.size(), 5U);
}

}  // namespace
}  // namespace tenon::onednn
