#include <gtest/gtest.h>

#include "process.h"

namespace tenon::test {
namespace {

class Examples : public testing::TestWithParam<const char*> {};

TEST_P(Examples, RunsAndAgreesWithItself) {
  const Finished finished = run_program({std::string(TENON_TEST_EXAMPLES) + "/tenon-example-" + GetParam()});
  EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
  EXPECT_NE(finished.out.find("largest"), std::string::npos) << finished.out;
  EXPECT_EQ(finished.err, "");
}

INSTANTIATE_TEST_SUITE_P(All, Examples,
                         testing::Values("matmul_from_loops", "two_layer_net", "switch_backends"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tenon::test
