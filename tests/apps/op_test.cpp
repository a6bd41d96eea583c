#include <gtest/gtest.h>

#include <tenon/creation.h>
#include <tenon/io.h>
#include <tenon/op_table.h>
#include <tenon/ops.h>

#include <fstream>

#include "process.h"

namespace tenon::test {
namespace {

using Words = std::vector<std::string>;

class OpCommand : public testing::Test {
 protected:
  OpCommand() {
    save_npy(a_, from_values({1.0F, -2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3}));
    save_npy(b_, from_values({1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F}, {3, 2}));
  }
  static nlohmann::json json(Words words) {
    words.insert(words.begin(), "op");
    words.emplace_back("--json");
    const Finished finished = tenon(words);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return nlohmann::json::parse(finished.out);
  }

  TemporaryFolder folder_;
  std::string a_ = folder_ / "a.npy";
  std::string b_ = folder_ / "b.npy";
};

TEST_F(OpCommand, ComputesFromFiles) {
  EXPECT_EQ(json({"matmul", a_, b_}).at("values"), nlohmann::json::parse("[[4, 1], [10, 11]]"));
  EXPECT_EQ(json({"sum", a_, "--axis", "0,1"}).at("values"), 17);
  EXPECT_EQ(json({"sum", a_, "--axis", "-1", "--keepdim"}).at("values"),
            nlohmann::json::parse("[[2], [15]]"));
  EXPECT_EQ(json({"sum", a_, "--keepdim", "--axis=-2"}).at("values"), nlohmann::json::parse("[[5, 3, 9]]"));
  EXPECT_EQ(json({"gt", a_, a_}).at("dtype"), "bool");
  EXPECT_EQ(json({"concat", a_, a_, a_, "--axis", "1"}).at("shape"), nlohmann::json::parse("[2, 9]"));
  EXPECT_EQ(json({"fill", "--shape", "2", "--value", "-1.5"}).at("values"),
            nlohmann::json::parse("[-1.5, -1.5]"));
  EXPECT_EQ(json({"linear", a_, a_}).at("values"), nlohmann::json::parse("[[14, 12], [12, 77]]"));
  EXPECT_EQ(json({"allclose", a_, a_}).at("values"), true);
  EXPECT_EQ(json({"sum", a_, "--keepdim=false"}).at("values"), 17);
  EXPECT_EQ(json({"arange", "--stop", "3"}).at("values"), nlohmann::json::parse("[0, 1, 2]"));
}

TEST_F(OpCommand, PrintsLikePyTorch) {
  const Finished finished = tenon({"op", "eye", "--rows", "2"});
  EXPECT_EQ(finished.out, "tensor([[1., 0.],\n        [0., 1.]])\n");
}

TEST_F(OpCommand, WritesWhatItComputed) {
  const std::string out = folder_ / "c.npy";
  const Finished finished = tenon({"op", "transpose", a_, "--out", out});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(load_npy(out).to_vector<float>(), (std::vector<float>{1, 4, -2, 5, 3, 6}));
}

TEST_F(OpCommand, ASeedGivesTheSameBitsOnEveryBackend) {
  const auto drawn = [](const char* backend) {
    return json({"uniform", "--shape", "3x4", "--seed", "7", "--backend", backend}).at("values");
  };
  EXPECT_EQ(drawn("naive"), drawn("blas"));
}

TEST_F(OpCommand, HelpNamesEveryOpAndEveryArgument) {
  const Finished list = tenon({"op", "--help"});
  for (const OpInfo& op : op_table()) {
    EXPECT_NE(list.out.find("\n  " + std::string(op.name) + " "), std::string::npos) << op.name;
  }
  for (const char* name : {"normal", "var", "where"}) {
    const Finished help = tenon({"op", name, "--help"});
    EXPECT_EQ(help.status, 0);
    for (const ArgumentInfo& argument : find_op(name).arguments) {
      EXPECT_NE(help.out.find("--" + std::string(argument.name)), std::string::npos) << help.out;
    }
  }
}

TEST_F(OpCommand, WrongUsageIsExitCodeTwoAndSaysWhatWasMeant) {
  const auto expect_refusal = [](const Words& words, const std::string& part) {
    const Finished refused = tenon(words);
    EXPECT_EQ(refused.status, 2) << refused.err;
    EXPECT_EQ(refused.out, "");
    EXPECT_TRUE(refused.err.starts_with("tenon: ") && refused.err.find(part) != std::string::npos)
        << refused.err;
  };
  expect_refusal({"op", "matmull", a_, b_}, "did you mean 'matmul'");
  expect_refusal({"op", "sum", a_, "--axs", "1"}, "did you mean --axis");
  expect_refusal({"op", "sum", a_, "--axis", "one"}, "--axis one");
  expect_refusal({"op", "sum", a_, "--keepdim=maybe"}, "--keepdim");
  expect_refusal({"op", "add", a_}, "b is required");
  expect_refusal({"op", "add", a_, a_, b_}, "one too many");
  expect_refusal({"op", "normal"}, "--shape");
  expect_refusal({"op", "fill", "--shape", "2", "--value", "1", "--dtype", "float3"}, "float3");
}

TEST_F(OpCommand, FailuresAreExitCodeOneAndLeaveNoFile) {
  const std::string out = folder_ / "out.npy";
  const auto expect_failure = [&](Words words, const std::string& part) {
    words.insert(words.end(), {"--out", out});
    const Finished failed = tenon(words);
    EXPECT_EQ(failed.status, 1) << failed.err;
    EXPECT_TRUE(failed.err.starts_with("tenon: ") && failed.err.find(part) != std::string::npos)
        << failed.err;
    EXPECT_FALSE(std::filesystem::exists(out));
  };
  expect_failure({"op", "neg", folder_ / "absent.npy"}, "absent.npy");
  expect_failure({"op", "matmul", a_, a_}, "[matmul]");
  expect_failure({"op", "sum", a_, "--axis", "2"}, "[sum]");
  expect_failure({"op", "bitwise_and", a_, a_}, "[bitwise_and]");
  expect_failure({"op", "astype", a_, "--dtype", "bfloat16"}, "bfloat16");
  std::ofstream(folder_ / "text.npy") << "no array";
  expect_failure({"op", "neg", folder_ / "text.npy"}, "text.npy");
}

}  // namespace
}  // namespace tenon::test
