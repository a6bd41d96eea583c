// Where plugins are looked for, and in which order they are listed.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

namespace tenon::plugin {
namespace {

namespace fs = std::filesystem;

/// Sets TENON_PLUGIN_PATH for one test.
class PluginPath {
 public:
  explicit PluginPath(const std::optional<std::string>& value) {
    if (const char* old = std::getenv("TENON_PLUGIN_PATH")) old_ = old;
    set(value);
  }
  PluginPath(const PluginPath&) = delete;
  PluginPath& operator=(const PluginPath&) = delete;
  ~PluginPath() { set(old_); }

 private:
  static void set(const std::optional<std::string>& value) {
    if (value) {
      ::setenv("TENON_PLUGIN_PATH", value->c_str(), 1);
    } else {
      ::unsetenv("TENON_PLUGIN_PATH");
    }
  }
  std::optional<std::string> old_;
};

TEST(Search, TakesTheEnvironmentFirstAndThenLibtenons) {
  const PluginDirectory a;
  const PluginDirectory b;
  const PluginDirectory beside;
  const PluginPath path(b.path().string() + ":" + a.path().string());
  std::vector<std::string> notices;
  EXPECT_EQ(search_directories(beside.path(), notices),
            (std::vector<fs::path>{b.path(), a.path(), beside.path()}));
  EXPECT_TRUE(notices.empty());
}

TEST(Search, NeedsNoEnvironment) {
  const PluginDirectory beside;
  std::vector<std::string> notices;
  for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("")}) {
    const PluginPath path(value);
    EXPECT_EQ(search_directories(beside.path(), notices), std::vector<fs::path>{beside.path()});
    EXPECT_TRUE(search_directories({}, notices).empty());
  }
  EXPECT_TRUE(notices.empty());
}

TEST(Search, IgnoresRelativeEmptyAndMissingEntriesWithANotice) {
  const PluginDirectory good;
  const std::string missing = (good.path() / "missing").string();
  const std::string file = good.add("good", "kGood").string();
  const PluginPath path("build:" + good.path().string() + "::../lib:" + missing + ":" + file + ":");
  std::vector<std::string> notices;
  EXPECT_EQ(search_directories({}, notices), std::vector<fs::path>{good.path()});
  ASSERT_EQ(notices.size(), 6U);
  EXPECT_EQ(notices[0], "TENON_PLUGIN_PATH: 'build' is ignored: not an absolute directory");
  EXPECT_EQ(notices[1], "TENON_PLUGIN_PATH: '' is ignored: not an absolute directory");
  EXPECT_EQ(notices[2], "TENON_PLUGIN_PATH: '../lib' is ignored: not an absolute directory");
  EXPECT_EQ(notices[3], "TENON_PLUGIN_PATH: " + missing + " is ignored: No such file or directory");
  EXPECT_EQ(notices[4], "TENON_PLUGIN_PATH: " + file + " is ignored: Not a directory");
  EXPECT_EQ(notices[5], notices[1]);
}

TEST(Search, ListsADirectoryOnce) {
  const PluginDirectory a;
  const PluginDirectory links;
  fs::create_directory_symlink(a.path(), links.path() / "link");
  const PluginPath path(a.path().string() + "/:" + (links.path() / "link").string());
  std::vector<std::string> notices;
  EXPECT_EQ(search_directories(a.path(), notices), std::vector<fs::path>{a.path()});
}

/// A privileged process must not be told by its caller where to load code from.
TEST(Search, IgnoresTheEnvironmentWhenPrivileged) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a set-user-ID program of another user";
  const PluginDirectory directory;
  const fs::path program = directory.path() / "search_report";
  write_bytes(program, read_bytes(TENON_TEST_SEARCH_REPORT));
  ASSERT_EQ(::chown(program.c_str(), 65534, 65534), 0);
  ASSERT_EQ(::chmod(program.c_str(), 04755), 0);
  const PluginPath path(directory.path().string());

  std::string report;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(program.c_str(), "r"), ::pclose);
  ASSERT_NE(pipe, nullptr);
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    report.push_back(static_cast<char>(c));
  }
  if (report.starts_with("unprivileged")) GTEST_SKIP() << "set-user-ID is off on this file system";
  EXPECT_EQ(report, "privileged\nnotice: TENON_PLUGIN_PATH is ignored: the process is privileged\n");
}

TEST(Scan, ListsByDirectoryAndFileName) {
  const PluginDirectory first;
  const PluginDirectory second;
  std::vector<fs::path> expected;
  for (char name = 'z'; name >= 'm'; --name) {
    expected.insert(expected.begin(), first.add(std::string(1, name), "kGood"));
  }
  expected.push_back(second.add("a", "kGood"));
  write_bytes(first.path() / "libother.so", "not asked for");
  write_bytes(first.path() / "tenon-backend-.so", "no name");
  write_bytes(first.path() / "tenon-backend-old.so.bak", "another ending");
  const fs::path directories[] = {first.path(), first.path() / "missing", second.path()};
  const std::vector<Candidate> candidates = scan(directories);
  ASSERT_EQ(candidates.size(), expected.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) EXPECT_EQ(candidates[i].path, expected[i]);
}

TEST(Scan, ListsAFileOnceAndByItsCanonicalPath) {
  const PluginDirectory directory;
  const PluginDirectory other;
  const fs::path file = directory.add("real", "kGood");
  fs::create_symlink(file, directory.file("alias"));
  fs::create_symlink(file, other.file("alias"));
  const fs::path directories[] = {other.path(), directory.path()};
  const std::vector<Candidate> candidates = scan(directories);
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].path, file);
  EXPECT_EQ(candidates[0].reason, "");
}

}  // namespace
}  // namespace tenon::plugin
