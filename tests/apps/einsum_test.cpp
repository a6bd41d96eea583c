#include <gtest/gtest.h>

#include "process.h"

namespace tenon::test {
namespace {

TEST(EinsumCommand, ShowsThePlanAndTimesEveryBackend) {
  const Finished finished = tenon({"einsum", "ij,jk,kl->il", "--shapes", "2x30,30x4,4x50", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const auto json = nlohmann::json::parse(finished.out);
  EXPECT_EQ(json.at("flops"), 1280);
  EXPECT_EQ(json.at("naive_flops"), 36000);
  EXPECT_EQ(json.at("largest"), 8);
  ASSERT_EQ(json.at("steps").size(), 2U);
  EXPECT_EQ(json.at("steps")[0].at("equation"), "ij,jk->ik");
  EXPECT_EQ(json.at("steps")[0].at("operands"), nlohmann::json::parse("[0, 1]"));
  EXPECT_GT(json.at("seconds").at("naive"), 0);
  EXPECT_GT(json.at("seconds").at("blas"), 0);
}

TEST(EinsumCommand, RunsOnTheNamedBackendAlone) {
  const Finished finished =
      tenon({"einsum", "ij,jk", "--shapes", "2x3,3x4", "--backend", "naive", "--dtype", "float64", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(nlohmann::json::parse(finished.out).at("seconds").size(), 1U);
}

TEST(EinsumCommand, ExplainsTheLoops) {
  const Finished finished = tenon({"einsum", "ij->j", "--shapes", "2x3", "--explain"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_NE(finished.out.find("out[j] += a[i, j]"), std::string::npos) << finished.out;
}

TEST(EinsumCommand, DoesNotRunUnaskedWhatWouldTakeForever) {
  const Finished finished = tenon({"einsum", "ij,jk->ik", "--shapes", "1000000x1000000,1000000x1000000"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_NE(finished.out.find("not run"), std::string::npos) << finished.out;
}

TEST(EinsumCommand, TakesScalars) {
  const Finished finished = tenon({"einsum", ",i->i", "--shapes", ",3"});
  EXPECT_EQ(finished.status, 0) << finished.err;
}

TEST(EinsumCommand, WhatIsTypedWrongIsExitCodeTwo) {
  const auto expect_refusal = [](const std::vector<std::string>& words, const std::string& part) {
    const Finished refused = tenon(words);
    EXPECT_EQ(refused.status, 2) << refused.err;
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.err.find(part), std::string::npos) << refused.err;
  };
  expect_refusal({"einsum", "ij,jk->iz", "--shapes", "2x3,3x4"}, "  ij,jk->iz\n          ^");
  expect_refusal({"einsum", "ij,jk", "--shapes", "2x3,4x4"}, "index j");
  expect_refusal({"einsum", "ij", "--shapes", "2x"}, "'2x'");
  expect_refusal({"einsum", "ij", "--shapes", "2x99999999999999999999"}, "no shape");
  expect_refusal({"einsum", "ij", "--shapes", "2x-3"}, "no shape");
  expect_refusal({"einsum", "ij"}, "--shapes");
  expect_refusal({"einsum", "ij", "--shapes", "2x3", "--dtype", "float3"}, "float3");
  expect_refusal({"einsum", "ij", "--shapes", "2x3", "--backend", "absent"}, "absent");
}

}  // namespace
}  // namespace tenon::test
