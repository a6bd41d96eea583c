// What a person sees, against what a file gets.
#include <gtest/gtest.h>

#include <algorithm>

#include "image_folder.h"
#include "process.h"

namespace tenon::test {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Terminal : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here; is /dev/pts mounted?";
    write_image_folder(folder_.path());
  }
  Finished train(const ProcessOptions& options, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"train", "--data", folder_.path(), "--hidden", "8", "--epochs", "2"});
    return tenon(more, options);
  }
  TemporaryFolder folder_;
};

TEST_F(Terminal, ShowsALiveLineThatIsTakenAway) {
  const Finished finished = train({.terminal = true});
  EXPECT_EQ(finished.status, 0);
  for (const char* part : {"\r\x1b[K", "epoch 1/2", "loss ", "accuracy ", "images/s", "ETA "}) {
    EXPECT_TRUE(has(finished.out, part)) << part;
  }
  EXPECT_TRUE(has(finished.out, "\r\x1b[Kepoch 1/2  train loss")) << finished.out;
}

TEST_F(Terminal, NoColorLeavesTheLineWithoutColour) {
  const Finished plain = train({.environment = {{"NO_COLOR", "1"}}, .terminal = true});
  EXPECT_TRUE(has(plain.out, "ETA "));
  EXPECT_FALSE(has(plain.out, "\x1b[3"));
  EXPECT_TRUE(has(train({.terminal = true}).out, "\x1b[3"));
}

TEST_F(Terminal, ADumbTerminalGetsLinesOnly) {
  const Finished finished = train({.environment = {{"TERM", "dumb"}}, .terminal = true});
  EXPECT_EQ(finished.status, 0);
  EXPECT_FALSE(has(finished.out, "\x1b"));
}

TEST_F(Terminal, APipeGetsOneLineAnEpoch) {
  const Finished finished = train({});
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(finished.out.find_first_of("\r\x1b"), std::string::npos);
  EXPECT_EQ(std::ranges::count(finished.out, '\n'), 5) << finished.out;  // three of description, two epochs
  EXPECT_EQ(finished.err, "");
}

TEST_F(Terminal, JsonIsPureEvenThere) {
  Finished finished = train({.terminal = true}, {"--json"});
  std::erase(finished.out, '\r');  // the terminal's own
  EXPECT_EQ(json_lines(finished.out).size(), 2U);
}

TEST_F(Terminal, PicturesAreHalfBlocksInGrey) {
  const std::string model = folder_ / "model.safetensors";
  ASSERT_EQ(train({}, {"--save", model}).status, 0);
  const auto draw = [&](const std::map<std::string, std::string>& environment) {
    return tenon({"predict", "--model", model, "--data", folder_.path()},
                 {.environment = environment, .terminal = true})
        .out;
  };
  EXPECT_TRUE(has(draw({{"COLORTERM", "truecolor"}}), "\x1b[38;2;"));
  EXPECT_TRUE(has(draw({}), "\x1b[38;5;2"));
  EXPECT_TRUE(has(draw({}), "\xe2\x96\x80"));
  EXPECT_FALSE(has(draw({{"NO_COLOR", "1"}}), "\x1b"));
}

}  // namespace
}  // namespace tenon::test
