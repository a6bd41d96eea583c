// The door: which backend runs an op, what happens when it does not or fails, and what is counted and said.
// The backends of plugins/test_backend.cpp are on the search path.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;

// Before anything asks for a backend.
[[maybe_unused]] const int path_is_set = setenv("TENON_PLUGIN_PATH", TENON_TEST_PLUGINS, 1);

class Dispatch : public testing::Test {
 protected:
  Dispatch() {
    set_default_backend("naive");
    set_fallback_policy(Fallback::allow);
    reset_op_counts();
    set_log_handler([this](int level, std::string_view message) {
      const std::lock_guard lock(mutex_);
      if (level <= 2) said_.emplace_back(message);
    });
  }
  ~Dispatch() override { set_log_handler({}); }

  static OpCount count(std::string_view op, std::string_view backend) {
    for (const OpCount& each : op_counts()) {
      if (each.op == op && each.backend == backend) return each;
    }
    return {op, std::string(backend), 0, 0};
  }
  std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

  Tensor x = full({2, 3}, 2.0);

 private:
  std::mutex mutex_;
  std::vector<std::string> said_;
};

TEST_F(Dispatch, ScopesNestAndEnd) {
  EXPECT_EQ(current_backend().names(), "naive");
  {
    const use_backend outer("partial");
    EXPECT_EQ(current_backend().names(), "partial");
    {
      const use_backend inner("failing, naive");
      EXPECT_EQ(current_backend().names(), "failing,naive");
      const use_backend nothing{BackendChoice()};
      EXPECT_EQ(current_backend().names(), "failing,naive");
    }
    EXPECT_EQ(current_backend().names(), "partial");
  }
  EXPECT_EQ(current_backend().names(), "naive");
}

TEST_F(Dispatch, ScopesWinOverTheDefault) {
  const use_backend scope("naive");
  set_default_backend("partial");
  EXPECT_EQ(current_backend().names(), "naive");
  set_default_backend("naive");
}

TEST_F(Dispatch, ScopesBelongToTheirThreadAndTheDefaultToAll) {
  const use_backend scope("partial");
  std::string elsewhere;
  std::thread([&] { elsewhere = current_backend().names(); }).join();
  EXPECT_EQ(elsewhere, "naive");
  set_default_backend("failing");
  std::thread([&] { elsewhere = current_backend().names(); }).join();
  EXPECT_EQ(elsewhere, "failing");
  set_default_backend("naive");
}

TEST_F(Dispatch, EqualListsAreEqualChoices) {
  EXPECT_EQ(BackendChoice("partial,naive"), BackendChoice(" partial , naive,partial "));
  EXPECT_NE(BackendChoice("partial,naive"), BackendChoice("naive,partial"));
  EXPECT_EQ(BackendChoice().names(), "");
}

TEST_F(Dispatch, UnknownNamesListEveryCandidateWithItsState) {
  (void)backends();
  const auto choose = [] { const use_backend scope("naive,nowhere"); };
  expect_error<BackendError>(choose, "'nowhere'", "naive: usable", "partial: usable",
                             "boastful:", "the test device is missing", "TENON_BACKEND");
  EXPECT_EQ(current_backend().names(), "naive");
  EXPECT_THROW(set_default_backend("nowhere"), BackendError);
  EXPECT_THROW(BackendChoice("boastful"), BackendError);
  for (const char* list : {"", ",", "naive,", ",naive", " "})
    EXPECT_THROW(BackendChoice{list}, BackendError) << list;
}

TEST_F(Dispatch, GoesDownTheListAndCounts) {
  const use_backend scope("partial,naive");
  EXPECT_EQ((x + x).to_vector<float>(), (std::vector<float>(6, 4)));
  (void)(x - x);
  (void)(astype(x, DType::float64) + x);
  EXPECT_EQ(count("add", "partial").calls, 1u);
  EXPECT_EQ(count("add", "naive").calls, 1u) << "partial does not add float64";
  EXPECT_EQ(count("sub", "naive").calls, 1u);
  EXPECT_EQ(count("sub", "naive").fallbacks, 0u) << "naive was chosen";
  reset_op_counts();
  EXPECT_TRUE(op_counts().empty());
}

TEST_F(Dispatch, AsksTheWholeListForAFusedOpBeforeItComposes) {
  softmax(x);
  EXPECT_EQ(count("softmax", "naive").calls, 1u);
  const use_backend scope("partial,naive");
  softmax(x);
  EXPECT_EQ(count("softmax", "naive").calls, 2u);
  EXPECT_EQ(count("exp", "naive").calls, 0u);
}

TEST_F(Dispatch, FallsBackOnNaiveSilentlyIfAllowed) {
  const use_backend scope("partial");
  EXPECT_EQ((x - x).to_vector<float>(), (std::vector<float>(6, 0)));
  EXPECT_EQ(count("sub", "naive").fallbacks, 1u);
  EXPECT_TRUE(said().empty());
}

TEST_F(Dispatch, WarnsOnceForAnOp) {
  set_fallback_policy(Fallback::warn);
  const use_backend scope("partial,silent");
  for (int i = 0; i < 3; ++i) (void)floor(x);
  ASSERT_EQ(said().size(), 1u);
  for (const char* text : {"[floor]", "partial,silent", "float32 (2, 3)", "naive"}) {
    EXPECT_NE(said()[0].find(text), std::string::npos) << text << " is not in: " << said()[0];
  }
  (void)ceil(x);
  EXPECT_EQ(said().size(), 2u);
}

TEST_F(Dispatch, RefusesToFallBackIfToldSo) {
  set_fallback_policy(Fallback::error);
  const use_backend scope("partial");
  EXPECT_NO_THROW(x + x);
  expect_error<BackendError>([&] { round(x); }, "[round]", "partial", "float32 (2, 3)", "TENON_FALLBACK");
  const use_backend with_naive("partial,naive");
  EXPECT_NO_THROW(round(x));
}

TEST_F(Dispatch, FailuresAreErrorsThatSayOpBackendAndReason) {
  const use_backend scope("failing");
  expect_error<BackendError>([&] { exp(x); }, "[exp]", "failing", "float32 (2, 3)",
                             "the test device is on fire");
  expect_error<OutOfMemory>([&] { log(x); }, "[log]", "failing");
  expect_error<IndexError>([&] { sin(x); }, "[sin]", "the test data is wrong");
  expect_error<BackendError>([&] { cos(x); }, "[cos]", "failing");
  EXPECT_EQ(count("exp", "failing").calls, 0u);
  EXPECT_EQ(count("exp", "naive").calls, 0u) << "a failure is no reason to run elsewhere";
}

TEST_F(Dispatch, GoesOnAfterAFailure) {
  const use_backend scope("failing,naive");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW(exp(x), BackendError);
    EXPECT_EQ(neg(x).to_vector<float>(), (std::vector<float>(6, -2)));
  }
}

TEST_F(Dispatch, AReasonToDeclineIsNotTheReasonOfALaterFailure) {
  const use_backend scope("failing,naive");
  (void)neg(x);  // failing sets a reason and declines; naive does it
  try {
    gather(x, 0, full({1, 3}, 9));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const IndexError& error) {
    EXPECT_EQ(std::string(error.what()).find("a reason to decline"), std::string::npos) << error.what();
  }
}

TEST_F(Dispatch, BackwardRunsWhereForwardWasSelected) {
  const Tensor w = clone(x).set_requires_grad();
  Tensor y;
  {
    const use_backend scope("partial,naive");
    y = w * w;
  }
  reset_op_counts();
  y.backward(ones({2, 3}));
  EXPECT_EQ(count("mul", "partial").calls, 2u);
  EXPECT_EQ(count("mul", "naive").calls, 0u);
  EXPECT_EQ(current_backend().names(), "naive");
}

TEST_F(Dispatch, BackwardRunsWhereTheDefaultWasInForwardWhateverScopeItIsIn) {
  const Tensor w = clone(x).set_requires_grad();
  set_default_backend("partial,naive");
  const Tensor y = w * w;
  set_default_backend("naive");
  reset_op_counts();
  const use_backend scope("silent,naive");
  y.backward(ones({2, 3}));
  EXPECT_EQ(count("mul", "partial").calls, 2u);
  EXPECT_EQ(count("mul", "naive").calls, 0u);
}

TEST_F(Dispatch, ScopesOfManyThreadsDoNotMix) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int step = 0; step < 100; ++step) {
        const char* name = (i + step) % 2 == 0 ? "partial,naive" : "naive";
        const use_backend scope(name);
        const Tensor w = full({4}, 3.0).set_requires_grad();
        sum(w * w + w).backward();
        wrong += current_backend().names() != name || w.grad().to_vector<float>() != std::vector<float>(4, 7);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_GE(count("mul", "partial").calls, 400u);
}

TEST_F(Dispatch, BackendsDescribesEveryPlugin) {
  int found = 0;
  for (const BackendInfo& info : backends()) {
    EXPECT_EQ(info.available, info.reason.empty()) << info.name;
    if (info.name == "boastful") {
      ++found;
      EXPECT_FALSE(info.available);
      EXPECT_NE(info.reason.find("the test device is missing"), std::string::npos) << info.reason;
      EXPECT_EQ(info.score, 0);
    }
    if (info.name == "partial") {
      ++found;
      EXPECT_TRUE(info.available);
      EXPECT_EQ(info.version, "1.0");
      EXPECT_EQ(info.score, 1);
    }
  }
  EXPECT_EQ(found, 2);
}

TEST(NumThreads, CanBeSetWithinLimits) {
  const int before = num_threads();
  EXPECT_GE(before, 1);
  set_num_threads(3);
  EXPECT_EQ(num_threads(), 3);
  for (const int wrong : {0, -1, 1025}) EXPECT_THROW(set_num_threads(wrong), IndexError);
  EXPECT_EQ(num_threads(), 3);
  set_num_threads(before);
}

}  // namespace
}  // namespace tenon
