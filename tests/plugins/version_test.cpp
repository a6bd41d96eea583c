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

// What an SDK plugin of a newer minor is given, each with what a newer host would have appended.
struct NewerServices {
  tenon_host fields = test_services();
  std::uint64_t appended = 5;
};
struct NewerAttributes {
  tenon_reduce_attributes fields = {sizeof(tenon_reduce_attributes), TENON_REDUCE_SUM, 6};
  std::uint64_t appended = 7;
};

// The axes, the attributes' newer field and the host's newer field, as the plugin saw them.
std::vector<float> what_it_sees(const Running& running, const NewerAttributes& attributes) {
  std::vector<float> seen(3, -1.0F);
  std::int64_t extent = 3;
  std::int64_t stride = 1;
  const DLTensor view = {seen.data(), {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &extent, &stride, 0};
  const tenon_call call = {sizeof call, TENON_OP_REDUCE, 1, 1, &view, &view, &attributes, nullptr};
  EXPECT_EQ(running.plugin().table().run(running.plugin().instance(), &call), TENON_OK);
  return seen;
}

TEST(Versions, AnSdkPluginOfANewerMinorRuns) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("grown", "grown")));
  EXPECT_EQ(running.plugin().table().abi_minor, 99);
  EXPECT_EQ(std::string(running.plugin().properties().library), "grown library 9.9");
  expect_negates(running);
}

TEST(Versions, AnSdkPluginOfANewerMinorSeesZerosWhereTheHostIsOlder) {
  const PluginDirectory directory;
  const NewerServices older;  // its struct_size ends before the newer field
  const Running running(directory.candidate(directory.add("grown", "grown")), older.fields);
  EXPECT_EQ(what_it_sees(running, {}), (std::vector<float>{6, 0, 0}));
}

TEST(Versions, AnSdkPluginOfANewerMinorSeesTheNewerFieldsOfAHostThatHasThem) {
  const PluginDirectory directory;
  NewerServices services;
  services.fields.struct_size = sizeof services;
  NewerAttributes attributes;
  attributes.fields.struct_size = sizeof attributes;
  const Running running(directory.candidate(directory.add("grown", "grown")), services.fields);
  EXPECT_EQ(what_it_sees(running, attributes), (std::vector<float>{6, 7, 5}));
}

TEST(Versions, AnSdkPluginOfANewerMinorWritesNoMorePropertiesThanTheHostHasRoomFor) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("grown", "grown")));
  struct {
    tenon_device_properties properties{};
    std::uint64_t behind = 42;
  } room;
  room.properties.struct_size = sizeof room.properties;
  const Plugin& plugin = running.plugin();
  EXPECT_EQ(plugin.table().device_properties(plugin.instance(), 0, &room.properties), TENON_OK);
  EXPECT_EQ(std::string(room.properties.library), "grown library 9.9");
  EXPECT_EQ(room.properties.struct_size, sizeof room.properties);
  EXPECT_EQ(room.behind, 42U);
}

}  // namespace
}  // namespace tenon::plugin
