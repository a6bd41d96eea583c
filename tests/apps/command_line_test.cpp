#include <gtest/gtest.h>

#include "image_folder.h"
#include "process.h"

namespace tenon::test {
namespace {

using Words = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CommandLine, HelpAndVersionGoToStandardOutput) {
  for (const Words& words :
       {Words{"--help"}, Words{"train", "--help"}, Words{"predict", "-h"}, Words{"backends", "--help"},
        Words{"op", "--help"}, Words{"op", "sum", "--help"}}) {
    const Finished help = tenon(words);
    EXPECT_EQ(help.status, 0) << words[0];
    EXPECT_TRUE(has(help.out, "Usage: tenon")) << help.out;
    EXPECT_EQ(help.err, "");
  }
  const Finished version = tenon({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(version.out.starts_with("tenon ")) << version.out;
}

TEST(CommandLine, WrongUsageIsExitCodeTwoWithOneMessage) {
  for (const Words& words : {Words{},
                             Words{"trian"},
                             Words{"--nonsense"},
                             Words{"train", "--nonsense"},
                             Words{"train", "--epochs", "x"},
                             Words{"train", "--epochs", "-1"},
                             Words{"train", "--batch-size", "0"},
                             Words{"train", "--lr", "nan"},
                             Words{"train", "--lr", "-1"},
                             Words{"train", "--optimizer", "sdg"},
                             Words{"train", "--loss", "l1"},
                             Words{"train", "--epochs", "0x1"},
                             Words{"train", "--epochs", "1e1"},
                             Words{"train", "--seed", "99999999999999999999"},
                             Words{"train", "--json=maybe"},
                             Words{"train", "--hidden", "0"},
                             Words{"train", "--hidden", "5,,x"},
                             Words{"train", "--threads", "0"},
                             Words{"train", "--seed", "-1"},
                             Words{"train", "--optimizer", "adam", "--momentum", "0.5"},
                             Words{"predict"},
                             Words{"predict", "--model", "m", "--count", "0"},
                             Words{"op"},
                             Words{"op", "matmull"}}) {
    const Finished refused = tenon(words);
    std::string line;
    for (const std::string& word : words) line += word + " ";
    EXPECT_EQ(refused.status, 2) << line;
    EXPECT_EQ(refused.out, "") << line;
    EXPECT_TRUE(refused.err.starts_with("tenon: ")) << line << refused.err;
  }
}

TEST(CommandLine, IntegersAreDecimal) {
  const TemporaryFolder folder;
  write_image_folder(folder.path());
  const Finished finished = tenon({"train", "--data", folder.path(), "--hidden", "010,09", "--epochs", "00",
                                   "--batch-size", "0010", "--seed", "011", "--threads", "010"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  for (const char* part : {"network 36-10-9-3", "batches of 10,", "seed 11", "10 threads"}) {
    EXPECT_TRUE(has(finished.out, part)) << part << " in " << finished.out;
  }
}

TEST(CommandLine, AnUnusableBackendListsTheCandidates) {
  const TemporaryFolder folder;
  write_image_folder(folder.path());
  const Words train = {"train", "--data", folder.path(), "--epochs", "0"};
  const auto with = [&](const Words& more) {
    Words words = train;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  for (const Finished& refused :
       {tenon(with({"--backend", "nonsense"})), tenon(with({"--backend", "naive,nonsense"})),
        tenon(train, {.environment = {{"TENON_BACKEND", "nonsense"}}}),
        tenon(with({"--layer-backend", "0=nonsense"})),
        tenon({"op", "eye", "--rows", "2", "--backend", "nonsense"})}) {
    EXPECT_EQ(refused.status, 2) << refused.err;
    EXPECT_EQ(refused.out, "");
    for (const char* part : {"nonsense", "naive: usable", "blas: usable", "choose a usable one"}) {
      EXPECT_TRUE(has(refused.err, part)) << part << " in " << refused.err;
    }
  }
  const Finished policy = tenon(train, {.environment = {{"TENON_FALLBACK", "perhaps"}}});
  EXPECT_EQ(policy.status, 2);
}

TEST(CommandLine, AnUnknownLayerListsTheLayers) {
  const TemporaryFolder folder;
  write_image_folder(folder.path());
  const Finished refused = tenon({"train", "--data", folder.path(), "--layer-backend", "7=naive"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_TRUE(has(refused.err, "0 Linear, 1 ReLU, 2 Linear")) << refused.err;
}

TEST(CommandLine, AFullOutputIsAnError) {
  const Finished failed = tenon({"op", "--help"}, {.standard_output = "/dev/full"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_TRUE(has(failed.err, "tenon: standard output: No space left")) << failed.err;
}

TEST(CommandLine, ABrokenPipeEndsQuietly) {
  const Finished piped = run_program(
      {"/bin/sh", "-c",
       std::string(TENON_TEST_TOOL) + " op random_bits --shape 300000 --json | head -c 10 | wc -c"});
  EXPECT_EQ(piped.status, 0);
  EXPECT_EQ(piped.err, "");
}

}  // namespace
}  // namespace tenon::test
