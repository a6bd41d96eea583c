// What a process makes of TENON_* variables, seen in child processes.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

namespace tenon {
namespace {

// The report's lines by key, and standard error under "log". Variables as "NAME=value NAME=value".
std::map<std::string, std::string> report(const std::string& variables) {
  const std::string command =
      "env -u TENON_BACKEND -u TENON_FALLBACK -u TENON_NUM_THREADS -u TENON_DEBUG TENON_PLUGIN_PATH=" +
      std::string(TENON_TEST_PLUGINS) + " " + variables + " " + TENON_TEST_REPORT + " 2>&1";
  std::map<std::string, std::string> lines;
  FILE* pipe = popen(command.c_str(), "r");
  char line[4096];
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) {
    std::string text = line;
    if (!text.empty() && text.back() == '\n') text.pop_back();
    const std::size_t colon = text.find(": ");
    const std::string key = colon == std::string::npos ? "" : text.substr(0, colon);
    if (key == "selected" || key == "sum" || key == "opened" || key == "fallback" || key == "threads") {
      lines[key] = text.substr(colon + 2);
    } else {
      lines["log"] += text + "\n";
    }
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return lines;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Environment, TenonBackendSelectsAndOpensNothingElse) {
  const auto lines = report("TENON_BACKEND=naive");
  EXPECT_EQ(lines.at("selected"), "naive");
  EXPECT_EQ(lines.at("sum"), "8");
  EXPECT_EQ(lines.at("opened"), "naive");
}

TEST(Environment, TenonBackendTakesAList) {
  const auto lines = report("TENON_BACKEND=partial,naive");
  EXPECT_EQ(lines.at("selected"), "partial,naive");
  EXPECT_EQ(lines.at("sum"), "8");
  EXPECT_EQ(lines.at("opened"), "partial,naive");
}

TEST(Environment, AnUnknownBackendIsAnErrorAndNeverReplaced) {
  const auto lines = report("TENON_BACKEND=nowhere");
  EXPECT_TRUE(contains(lines.at("selected"), "error: backend 'nowhere' cannot be used"))
      << lines.at("selected");
  EXPECT_TRUE(contains(lines.at("sum"), "error:"));
  EXPECT_TRUE(contains(lines.at("log"), "naive: usable")) << lines.at("log");
}

TEST(Environment, AnEmptyTenonBackendMeansTheBest) {
  for (const char* variables : {"", "TENON_BACKEND=", "'TENON_BACKEND=  '"}) {
    const auto lines = report(variables);
    EXPECT_FALSE(contains(lines.at("selected"), "error")) << variables << lines.at("selected");
    EXPECT_NE(lines.at("selected"), "boastful");
    EXPECT_EQ(lines.at("sum"), "8");
  }
}

TEST(Environment, TenonFallbackIsAWord) {
  EXPECT_EQ(report("TENON_FALLBACK=allow").at("fallback"), "0");
  EXPECT_EQ(report("").at("fallback"), "1");
  EXPECT_EQ(report("TENON_FALLBACK=error").at("fallback"), "2");
  EXPECT_TRUE(contains(report("TENON_FALLBACK=maybe").at("fallback"), "error: TENON_FALLBACK=maybe"));
}

TEST(Environment, AFallbackIsRefusedOrSaid) {
  EXPECT_TRUE(contains(report("TENON_BACKEND=partial TENON_FALLBACK=error").at("sum"), "error: [fill]"));
  const auto warned = report("TENON_BACKEND=partial");
  EXPECT_EQ(warned.at("sum"), "8");
  EXPECT_TRUE(contains(warned.at("log"), "tenon: [fill]")) << warned.at("log");
  EXPECT_FALSE(report("TENON_BACKEND=partial TENON_DEBUG=1").contains("log"));
}

TEST(Environment, TenonNumThreadsIsANumber) {
  EXPECT_EQ(report("TENON_NUM_THREADS=3").at("threads"), "3");
  const std::string processors = report("").at("threads");
  for (const char* wrong : {"0", "-2", "4x", "99999999999", "1025", "two", "''"}) {
    EXPECT_EQ(report(std::string("TENON_NUM_THREADS=") + wrong).at("threads"), processors) << wrong;
  }
  EXPECT_TRUE(contains(report("TENON_NUM_THREADS=4x").at("log"), "TENON_NUM_THREADS=4x"));
}

TEST(Environment, TenonDebugIsANumber) {
  for (const char* wrong : {"x", "2x", "-1", "5", "99999999999"}) {
    const auto lines = report(std::string("TENON_BACKEND=partial TENON_DEBUG=") + wrong);
    EXPECT_TRUE(contains(lines.at("log"), std::string("TENON_DEBUG=") + wrong)) << wrong;
    EXPECT_TRUE(contains(lines.at("log"), "tenon: [fill]")) << wrong << ": warnings are shown by default";
  }
  EXPECT_FALSE(report("TENON_BACKEND=partial TENON_DEBUG=0").contains("log"));
}

TEST(Environment, ALogHandlerMayCallTenonBeforeTheFirstOp) {
  for (const char* variables : {"", "TENON_BACKEND=partial", "TENON_NUM_THREADS=x", "TENON_DEBUG=x"}) {
    const auto lines = report(std::string("TENON_TEST_HANDLER=1 ") + variables);
    EXPECT_EQ(lines.at("sum"), "8") << variables;
  }
}

}  // namespace
}  // namespace tenon
