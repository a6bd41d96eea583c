// A save either happens or leaves everything as it was.
#include <tenon/creation.h>
#include <tenon/io/npy.h>
#include <tenon/io/safetensors.h>
#include <tenon/ops.h>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "temporary_folder.h"

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

const Tensor& old_tensor() {
  static const Tensor x = from_values({1.0F, 2.0F});
  return x;
}

struct Format {
  const char* name;
  std::function<void(const std::string&, const Tensor&)> save;
  std::function<Tensor(const std::string&)> load;
};
const std::vector<Format>& formats() {
  static const std::vector<Format> rows = {
      {"npy", save_npy, load_npy},
      {"safetensors",
       [](const std::string& path, const Tensor& x) {
         save_safetensors(path, {{"x", x}});
       },
       [](const std::string& path) { return load_safetensors(path).tensors.at(0).second; }}};
  return rows;
}

/// Runs `body` in a child process; returns its exit code, or the negative number of the signal that ended it.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// 0 if `action` throws a FileError that holds `text`.
int exit_code_of(const std::function<void()>& action, std::string_view text) {
  try {
    action();
  } catch (const FileError& error) {
    return std::string_view(error.what()).find(text) != std::string_view::npos ? 0 : 2;
  } catch (...) {
    return 3;
  }
  return 1;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

TEST(AtomicSave, ReplacesAndLeavesNothingBehind) {
  for (const Format& format : formats()) {
    const TemporaryFolder folder;
    const std::string path = folder / "x";
    format.save(path, old_tensor());
    format.save(path, arange(1000));
    EXPECT_TRUE(equal(format.load(path), arange(1000))) << format.name;
    EXPECT_EQ(folder.names(), std::vector<std::string>{"x"});
  }
}

TEST(AtomicSave, WorksOnARelativePath) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  save_npy("x.npy", old_tensor());
  fs::current_path(before);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"x.npy"});
}

TEST(AtomicSave, KeepsPermissionsOrTakesThemFromTheUmask) {
  const TemporaryFolder folder;
  const std::string path = folder / "x";
  const mode_t before = ::umask(0027);
  save_npy(path, old_tensor());
  EXPECT_EQ(mode_of(path), 0640U);
  ASSERT_EQ(::chmod(path.c_str(), 0604), 0);
  save_npy(path, old_tensor());
  EXPECT_EQ(mode_of(path), 0604U);
  ::umask(before);
}

TEST(AtomicSave, FollowsSymbolicLinks) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "real");
  fs::create_symlink("real/target", folder / "relative");
  fs::create_symlink(folder / "relative", folder / "absolute");
  // At first the links dangle.
  for (const Tensor& x : {old_tensor(), ones({3})}) {
    save_npy(folder / "absolute", x);
    EXPECT_TRUE(fs::is_symlink(folder / "absolute"));
    EXPECT_TRUE(fs::is_symlink(folder / "relative"));
    EXPECT_TRUE(equal(load_npy(folder / "real/target"), x));
  }
  fs::create_symlink("loop", folder / "loop");
  expect_file_error([&] { save_npy(folder / "loop", old_tensor()); }, folder / "loop", "symbolic links");
}

TEST(AtomicSave, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  fs::create_directory(folder / "directory");
  struct Case {
    std::string path;
    std::string_view text;
  };
  const std::string deep = folder / "none/x";
  for (const Case& bad :
       {Case{folder / "fifo", "not a regular file"}, Case{folder / "directory", "Is a directory"},
        Case{folder / "directory/", "names no file"}, Case{"/dev/full", "not a regular file"},
        Case{deep, "No such file or directory"}, Case{folder / "fifo/x", "Not a directory"},
        Case{folder / std::string(300, 'n'), "File name too long"}}) {
    expect_file_error([&] { save_npy(bad.path, old_tensor()); }, bad.path, bad.text);
  }
  EXPECT_THROW(save_npy("", old_tensor()), FileError);
  EXPECT_THROW(save_npy(std::string("a\0b", 3), old_tensor()), FileError);
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"directory", "fifo"}));
}

TEST(AtomicSave, RespectsPermissions) {
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms(0755));
  const std::string locked = folder / "locked";
  fs::create_directory(locked);
  save_npy(locked + "/x", old_tensor());
  fs::permissions(locked, fs::perms(0555));
  const std::string open = folder / "open";
  fs::create_directory(open);
  save_npy(open + "/x", old_tensor());
  fs::permissions(open + "/x", fs::perms(0444));
  fs::permissions(open, fs::perms(0777));
  const Tensor replacement = ones({9});  // now: nobody may not be allowed to open the backend's plugin
  const auto save_both = [&] {
    constexpr uid_t kNobody = 65534;  // permissions do not bind root
    if (::geteuid() == 0 && ::seteuid(kNobody) != 0) return 4;
    const int in_locked = exit_code_of([&] { save_npy(locked + "/x", replacement); }, "Permission denied") |
                          exit_code_of([&] { save_npy(locked + "/new", replacement); }, "Permission denied");
    return in_locked | exit_code_of([&] { save_npy(open + "/x", replacement); }, "Permission denied");
  };
  EXPECT_EQ(in_child(save_both), 0);
  EXPECT_TRUE(equal(load_npy(locked + "/x"), old_tensor()));
  EXPECT_TRUE(equal(load_npy(open + "/x"), old_tensor()));
  EXPECT_EQ(std::distance(fs::directory_iterator(open), {}), 1);
  fs::permissions(locked, fs::perms(0755));
}

TEST(AtomicSave, AFullDiskLeavesTheOldFileWhole) {
  for (const Format& format : formats()) {
    const TemporaryFolder folder;
    const std::string path = folder / "x";
    format.save(path, old_tensor());
    const Tensor large = zeros({100'000});
    for (const rlim_t limit : {rlim_t{0}, rlim_t{1}, rlim_t{100}, rlim_t{4096}, rlim_t{399'999}}) {
      const auto save_limited = [&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limits{limit, limit};
        if (::setrlimit(RLIMIT_FSIZE, &limits) != 0) return 4;
        return exit_code_of([&] { format.save(path, large); }, "File too large");
      };
      EXPECT_EQ(in_child(save_limited), 0) << format.name << " " << limit;
      EXPECT_TRUE(equal(format.load(path), old_tensor()));
      EXPECT_EQ(folder.names(), std::vector<std::string>{"x"});
    }
  }
}

TEST(AtomicSave, AKillWhileWritingLeavesTheOldFileWhole) {
  const TemporaryFolder folder;
  const std::string path = folder / "x";
  save_npy(path, old_tensor());
  const Tensor large = ones({4'000'000});
  for (int round = 0; round < 5; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) save_npy(path, large);
    }
    const auto writing = [&] {
      return std::ranges::any_of(folder.names(),
                                 [](const std::string& n) { return n.starts_with(".tenon-"); });
    };
    while (!writing()) {
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    const Tensor found = load_npy(path);
    EXPECT_TRUE(equal(found, old_tensor()) || equal(found, large));
    for (const std::string& name : folder.names()) {
      if (name != "x") fs::remove(folder / name);
    }
  }
}

TEST(CheckSavePath, RefusesWhatSavingWouldRefuse) {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_file_error([&] { check_save_path(fifo); }, fifo, "not a regular file");
  expect_file_error([&] { check_save_path(folder.path()); }, folder.path().string(), "directory");
  expect_file_error([&] { check_save_path(folder / "none/x"); }, folder / "none/x", "No such");
}

TEST(CheckSavePath, RefusesAFileThatMayNotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  const TemporaryFolder folder;
  const std::string path = folder.write("x", "old");
  fs::permissions(path, fs::perms::owner_read);
  expect_file_error([&] { check_save_path(path); }, path, "Permission denied");
}

TEST(CheckSavePath, LeavesNothingBehind) {
  const TemporaryFolder folder;
  check_save_path(folder / "new");
  EXPECT_TRUE(folder.names().empty());
  const std::string path = folder.write("x", "old");
  check_save_path(path);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.names().size(), 1U);
}

}  // namespace
}  // namespace tenon::testing
