// Tests that run on each backend that is available here.
#pragma once

#include <gtest/gtest.h>
#include <tenon/backend.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace tenon::test {

/// The names of the usable backends, each once.
inline std::vector<std::string> available_backends() {
  std::vector<std::string> names;
  for (const BackendInfo& info : backends()) {
    if (info.available && std::find(names.begin(), names.end(), info.name) == names.end())
      names.push_back(info.name);
  }
  return names;
}

/// `text` with what GoogleTest does not take in a name replaced.
inline std::string test_name(std::string text) {
  for (char& letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return text;
}

/// A fixture: every op of the test is sent to the backend that is the parameter.
class OnEachBackend : public testing::TestWithParam<std::string> {
 private:
  use_backend scope_{GetParam()};
};

inline std::string backend_test_name(const testing::TestParamInfo<std::string>& info) {
  return test_name(info.param);
}

}  // namespace tenon::test
