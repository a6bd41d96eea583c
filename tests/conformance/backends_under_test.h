// Tests that run on each backend.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <tenon/backend.h>
#include <tenon/error.h>

#include <cctype>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace tenon::test {

/// The backends that are built here, for test parameters: nothing is opened to list them, for every test's process
/// does. cuda only where a driver is.
inline std::vector<std::string> built_backends() {
  std::vector<std::string> names;
  std::istringstream built(TENON_TEST_BACKENDS);
  for (std::string name; built >> name;) {
    if (name != "cuda" || dlopen("libcuda.so.1", RTLD_LAZY) != nullptr) names.push_back(name);
  }
  return names;
}

/// Those of them that can be used.
inline std::vector<std::string> usable_backends() {
  std::vector<std::string> names;
  for (const BackendInfo& info : backends()) {
    if (info.available) names.push_back(info.name);
  }
  return names;
}

/// While it lives, ops go to the backend; the test is skipped if it is one with a device that cannot be used. A member
/// of a fixture.
class BackendUnderTest {
 public:
  explicit BackendUnderTest(const std::string& name) {
    try {
      scope_.emplace(name);
    } catch (const BackendError& error) {
      if (name != "opencl" && name != "cuda") throw;
      skip(error.what());
    }
  }

 private:
  static void skip(const char* why) { GTEST_SKIP() << why; }

  std::optional<use_backend> scope_;
};

/// A fixture: every op of the test is sent to the backend that is the parameter. Derive, write TEST_P, and
/// INSTANTIATE_TEST_SUITE_P(Backends, Name, testing::ValuesIn(built_backends()), backend_test_name).
class OnEachBackend : public testing::TestWithParam<std::string> {
 private:
  BackendUnderTest backend_{GetParam()};
};

/// `text` with what GoogleTest does not take in a name replaced.
inline std::string test_name(std::string text) {
  for (char& letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return text;
}

inline std::string backend_test_name(const testing::TestParamInfo<std::string>& info) {
  return test_name(info.param);
}

}  // namespace tenon::test
