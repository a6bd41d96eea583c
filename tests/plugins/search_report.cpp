// Prints what search_directories finds; the test runs it with and without privileges.
#include <tenon/plugin/host.h>

#include <sys/auxv.h>

#include <cstdio>
#include <cstdlib>

int main() {
  std::puts(::getauxval(AT_SECURE) != 0 ? "privileged" : "unprivileged");
  std::vector<std::string> notices;
  for (const auto& directory : tenon::plugin::search_directories({}, notices)) {
    std::printf("directory: %s\n", directory.c_str());
  }
  for (const auto& notice : notices) std::printf("notice: %s\n", notice.c_str());
  // Not by way of exit(): the leak checker of an asan build fails in a privileged process.
  std::fflush(stdout);
  std::_Exit(0);
}
