// Tests that run once on each backend that can be used here.
#pragma once

#include <gtest/gtest.h>
#include <tenon/backend.h>

#include <string>
#include <vector>

namespace tenon::test {

inline std::vector<std::string> usable_backends() {
  std::vector<std::string> names;
  for (const BackendInfo& backend : backends()) {
    if (backend.available) names.push_back(backend.name);
  }
  return names;
}

/// Derive, write TEST_P, and INSTANTIATE_TEST_SUITE_P(Backends, Name, ValuesIn(usable_backends())).
class EachBackend : public testing::TestWithParam<std::string> {
 private:
  use_backend scope_{GetParam()};
};

}  // namespace tenon::test
