// Every section on every plugin.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <ostream>

#include "sections.h"

namespace tenon::conformance {

/// For GoogleTest's own messages.
void PrintTo(const PluginSpec& spec, std::ostream* stream) { *stream << spec.path; }
void PrintTo(const Section& section, std::ostream* stream) { *stream << section.name; }

namespace {

const PluginUnderTest& loaded(const PluginSpec& spec) {
  static std::map<std::string, std::unique_ptr<PluginUnderTest>> plugins;
  std::unique_ptr<PluginUnderTest>& plugin = plugins[spec.path];
  if (!plugin) plugin = std::make_unique<PluginUnderTest>(spec.path, spec.coverage);
  return *plugin;
}

class Backends : public testing::TestWithParam<std::tuple<PluginSpec, Section>> {};

TEST_P(Backends, Section) {
  const auto& [spec, section] = GetParam();
  const PluginUnderTest* plugin = nullptr;
  try {
    plugin = &loaded(spec);
  } catch (const NoDevice& reason) {
    GTEST_SKIP() << reason.what();
  }
  if (!section.concerns(*plugin)) GTEST_SKIP() << section.name << " asks nothing of this kind of memory";
  Grader grader(*plugin);
  section.run(grader);
  const bool nothing_supported = spec.coverage == Coverage::partial && grader.elements() == 0 &&
                                 grader.failures() == 0 && grader.unsupported() > 0;
  if (nothing_supported) GTEST_SKIP() << spec.name << " supports none of " << section.name;
  EXPECT_TRUE(grader.passed(section.zeros_expected)) << grader.report(section.zeros_expected);
  RecordProperty("calls", std::to_string(grader.calls()));
  RecordProperty("unsupported", std::to_string(grader.unsupported()));
  RecordProperty("elements", std::to_string(grader.elements()));
}

std::string label(const testing::TestParamInfo<Backends::ParamType>& info) {
  std::string text = std::get<0>(info.param).name + "_" + std::get<1>(info.param).name;
  for (char& each : text) {
    if (each == '-') each = '_';
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(Plugins, Backends,
                         testing::Combine(testing::ValuesIn(plugins_under_test()),
                                          testing::ValuesIn(all_sections())),
                         label);

}  // namespace
}  // namespace tenon::conformance
