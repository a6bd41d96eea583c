// One plugin, many threads: runs do not disturb each other, and each thread sees its own error text.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tenon::plugin {
namespace {

constexpr int kThreads = 8;

template <typename F>
void on_threads(F f) {
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(f, t);
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, ShareAnOpenedPlugin) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("shared", "kGood")));
  std::atomic<int> wrong = 0;
  on_threads([&](int t) {
    std::vector<float> x(64, static_cast<float>(t));
    std::vector<float> out(64);
    const std::vector<float> expected(64, -static_cast<float>(t));
    const std::string text = "x[0] is " + std::to_string(static_cast<float>(t));
    for (int round = 0; round < 500; ++round) {
      if (running.unary(TENON_UNARY_NEG, x, out) != TENON_OK || out != expected) ++wrong;
      if (running.unary(TENON_UNARY_ABS, x, out) != TENON_INVALID || take_error() != text) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, ScanAndOpenAtOnce) {
  const PluginDirectory directory;
  std::vector<std::filesystem::path> files;
  files.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) files.push_back(directory.add("copy" + std::to_string(t), "kGood"));
  std::atomic<int> right = 0;
  on_threads([&](int t) {
    std::vector<float> x = {2.0F};
    std::vector<float> out = {0.0F};
    const Running running(directory.candidate(files[static_cast<std::size_t>(t)]));
    if (running.unary(TENON_UNARY_NEG, x, out) == TENON_OK && out[0] == -2.0F) ++right;
  });
  EXPECT_EQ(right, kThreads);
}

}  // namespace
}  // namespace tenon::plugin
