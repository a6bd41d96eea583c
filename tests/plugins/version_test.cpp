// Both directions of "a newer minor keeps working", with fixtures that never change.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

namespace tenon::plugin {
namespace {

TEST(Versions, APluginOf10Runs) {
  const PluginDirectory directory;
  const Candidate candidate = directory.candidate(directory.add("frozen", "frozen_1_0"));
  EXPECT_EQ(candidate.reason, "");
  EXPECT_EQ(candidate.name, "frozen-1-0");
  const Running running(candidate);
  EXPECT_EQ(running.plugin().score(), 4);
  expect_negates(running);
  std::vector<float> x = {1.0F};
  EXPECT_EQ(running.unary(TENON_UNARY_EXP, x, x), TENON_UNSUPPORTED);
  EXPECT_EQ(take_error(), "frozen-1-0 only negates");
}

TEST(Versions, APluginOfANewerMinorRuns) {
  const PluginDirectory directory;
  const Candidate candidate = directory.candidate(directory.add("frozen", "frozen_1_7"));
  EXPECT_EQ(candidate.reason, "");
  EXPECT_EQ(candidate.name, "frozen-1-7");
  EXPECT_EQ(candidate.version, "1.7");
  const Running running(candidate);
  EXPECT_EQ(running.plugin().table().abi_minor, 7);
  EXPECT_EQ(running.plugin().score(), 6);
  expect_negates(running);
}

TEST(Versions, PluginsRunOnAHostOfANewerMinor) {
  struct NewerHost {
    tenon_host fields_1_0;
    void (*progress)(double);
  };
  static NewerHost newer = {test_services(), [](double) {}};
  newer.fields_1_0.struct_size = sizeof(NewerHost);
  newer.fields_1_0.abi_minor = 9;
  const PluginDirectory directory;
  for (const char* module : {"frozen_1_0", "frozen_1_7", "kGood"}) {
    expect_negates(Running(directory.candidate(directory.add(module, module)), newer.fields_1_0));
  }
}

}  // namespace
}  // namespace tenon::plugin
