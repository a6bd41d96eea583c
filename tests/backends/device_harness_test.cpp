// Tests of the tests, for backends with memory of their own: see pretend_device.cpp.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "sections.h"

namespace tenon::conformance {
namespace {

/// Grades one section on the pretended device with this fault.
Grader graded(const char* fault, const char* name) {
  setenv("TENON_PRETEND_DEVICE_INNER", TENON_PRETEND_DEVICE_INNER, 1);
  setenv("TENON_PRETEND_DEVICE_FAULT", fault, 1);
  static const PluginUnderTest plugin(TENON_PRETEND_DEVICE, Coverage::complete);
  for (const Section& section : all_sections()) {
    if (std::strcmp(section.name, name) != 0) continue;
    EXPECT_TRUE(section.concerns(plugin)) << name;
    Grader grader(plugin);
    section.run(grader);
    return grader;
  }
  throw std::invalid_argument(std::string("no section is called ") + name);
}

TEST(DeviceHarness, PassesWhatIsRight) {
  for (const char* const name :
       {"copy_bits", "copy_layouts", "binary_in_place", "matmul_epilogues", "index_out_of_range",
        "random_distributions", "behaviour_newer_host", "behaviour_description", "device_memory_copies",
        "device_memory_order", "device_memory_exhaustion", "device_memory_properties"}) {
    const Grader grader = graded("", name);
    EXPECT_TRUE(grader.passed(false)) << name << ": " << grader.report(false);
  }
}

void expect_noticed(const char* fault, const char* section, const char* says) {
  const Grader grader = graded(fault, section);
  const std::string report = grader.report(false);
  EXPECT_FALSE(grader.passed(false)) << fault << " in " << section;
  EXPECT_NE(report.find(says), std::string::npos) << report;
}

TEST(DeviceHarness, NoticesWhatIsWrong) {
  expect_noticed("writes_before", "copy_layouts", "wrote before its elements");
  expect_noticed("fails_late", "copy_layouts", "what was queued failed");
  expect_noticed("fails_late", "device_memory_between_threads", "not done after synchronize");
  expect_noticed("loses_copies", "device_memory_copies", "a copy of the first of");
  expect_noticed("loses_copies", "device_memory_order", "out of order");
}

TEST(DeviceHarness, TellsThatNoDeviceIsThere) {
  setenv("TENON_PRETEND_DEVICE_INNER", TENON_PRETEND_DEVICE_INNER, 1);
  setenv("TENON_PRETEND_DEVICE_FAULT", "no_device", 1);
  EXPECT_THROW(PluginUnderTest(TENON_PRETEND_DEVICE, Coverage::complete), NoDevice);
}

TEST(DeviceHarness, LeavesOutWhatNeedsHostMemory) {
  setenv("TENON_PRETEND_DEVICE_INNER", TENON_PRETEND_DEVICE_INNER, 1);
  setenv("TENON_PRETEND_DEVICE_FAULT", "", 1);
  const PluginUnderTest device(TENON_PRETEND_DEVICE, Coverage::complete);
  const PluginUnderTest on_host(TENON_PRETEND_DEVICE_INNER, Coverage::complete);
  for (const Section& section : page_end_sections()) {
    EXPECT_FALSE(section.concerns(device));
    EXPECT_TRUE(section.concerns(on_host));
  }
  for (const Section& section : device_memory_sections()) {
    EXPECT_TRUE(section.concerns(device));
    EXPECT_FALSE(section.concerns(on_host));
  }
}

}  // namespace
}  // namespace tenon::conformance
