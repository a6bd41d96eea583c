// Opening: good plugins run, and every plugin that misbehaves gives one line.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tenon::plugin {
namespace {

namespace fs = std::filesystem;

TEST(Open, GivesTableScoreAndProperties) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("good", "kGood")));
  const Plugin& plugin = running.plugin();
  EXPECT_EQ(plugin.candidate().name, "test");
  EXPECT_EQ(plugin.score(), 3);
  EXPECT_EQ(plugin.properties().device.device_type, kDLCPU);
  EXPECT_STREQ(plugin.properties().library, "test library 1.2");
  EXPECT_EQ(plugin.table().abi_major, TENON_ABI_MAJOR);
  expect_negates(running);
}

TEST(Open, CarriesTheTextOfAFailingCall) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("good", "kGood")));
  std::vector<float> x = {4.0F};
  std::vector<float> out = {0.0F};
  EXPECT_EQ(running.unary(TENON_UNARY_ABS, x, out), TENON_INVALID);
  EXPECT_EQ(take_error(), "x[0] is 4.000000");
  EXPECT_EQ(take_error(), "");
}

TEST(Open, ACopyIsAnotherPlugin) {
  const PluginDirectory directory;
  const Running one(directory.candidate(directory.add("one", "kGood")));
  const Running two(directory.candidate(directory.add("two", "kGood")));
  EXPECT_NE(one.plugin().instance(), two.plugin().instance());
  EXPECT_NE(&one.plugin().table(), &two.plugin().table());
  expect_negates(one);
  expect_negates(two);
}

TEST(Open, ClampsAScoreAboveTheCeilingAndLogsIt) {
  const PluginDirectory directory;
  const fs::path file = directory.add("boaster", "kScoreAboveCeiling");
  take_log();
  const Running running(directory.candidate(file));
  EXPECT_EQ(running.plugin().score(), 7);
  const std::vector<std::string> log = take_log();
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0], file.string() + ": score 99 is lowered to the passport's ceiling 7");
}

TEST(Open, AsksForTheDriverFirst) {
  const PluginDirectory directory;
  const fs::path file = directory.add("driven", "kEntryThrowsInt");
  patch_passport(file, [](tenon_passport& p) { std::strcpy(p.driver, "libtenon-has-no-such-driver.so.1"); });
  const Candidate candidate = directory.candidate(file);
  EXPECT_EQ(candidate.reason, "");
  EXPECT_EQ(candidate.driver, "libtenon-has-no-such-driver.so.1");
  const Opened opened = open(candidate, test_services());
  EXPECT_EQ(opened.plugin, nullptr);
  expect_reason(opened.reason, file, "needs the driver libtenon-has-no-such-driver.so.1");
  EXPECT_NE(opened.reason.find("cannot open shared object file"), std::string::npos) << opened.reason;
}

TEST(Open, GoesOnIfTheDriverIsThere) {
  const PluginDirectory directory;
  const fs::path file = directory.add("driven", "kGood");
  patch_passport(file, [](tenon_passport& p) { std::strcpy(p.driver, "libc.so.6"); });
  expect_negates(Running(directory.candidate(file)));
}

struct BadPlugin {
  const char* module;
  const char* what;
};

constexpr BadPlugin kBadPlugins[] = {
    {"no_entry", "exports no tenon_backend_entry"},
    {"unresolved", "tenon_test_symbol_that_nobody_defines"},
    {"kEntryReturnsNull", "declines: no licence for the test device"},
    {"kEntryReturnsNullSilently", "returned null without a reason"},
    {"kEntryThrowsException", "threw while it was opened: the entry gave up"},
    {"kEntryThrowsInt", "threw while it was opened: no std::exception"},
    {"kOtherMajorTable", "returned a table of ABI major 2"},
    {"kShortTable", "with 88 bytes, not of 1 with at least 96"},
    {"kTableWithoutRun", "has no function 'run'"},
    {"kHalfAMemory", "has some of allocate, deallocate, copy and synchronize, not all of them"},
    {"kCreateFails", "cannot start: the test device is on fire"},
    {"kScoreZero", "cannot run here: the test device is missing"},
    {"kNoDevice", "finds no device"},
    {"kPropertiesFail", "cannot describe device 0: the test device does not answer"},
    {"kNotCpu", "names device type 2"},
};

class OpenBad : public testing::TestWithParam<BadPlugin> {};

TEST_P(OpenBad, GivesOneLineAndTheOthersWork) {
  const PluginDirectory directory;
  const fs::path good = directory.add("good", "kGood");
  const fs::path bad = directory.add("bad", GetParam().module);
  const Candidate candidate = directory.candidate(bad);
  EXPECT_EQ(candidate.reason, "");
  set_error("text of an earlier failure");
  const Opened opened = open(candidate, test_services());
  EXPECT_EQ(opened.plugin, nullptr);
  expect_reason(opened.reason, bad, GetParam().what);
  EXPECT_EQ(opened.reason.find("earlier failure"), std::string::npos) << opened.reason;
  expect_negates(Running(directory.candidate(good)));
}

INSTANTIATE_TEST_SUITE_P(Plugins, OpenBad, testing::ValuesIn(kBadPlugins),
                         [](const auto& info) { return std::string(info.param.module); });

TEST(ErrorText, IsCutToItsBuffer) {
  set_error(std::string(5000, 'x').c_str());
  EXPECT_EQ(take_error(), std::string(1023, 'x'));
  set_error(nullptr);
  EXPECT_EQ(take_error(), "");
}

}  // namespace
}  // namespace tenon::plugin
