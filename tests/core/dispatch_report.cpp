// Says what a fresh process makes of its environment: one "key: value" a line. With
// TENON_TEST_HANDLER a log handler calls Tenon. For environment_test.cpp.
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

template <typename F>
void report(const char* key, F&& value) {
  std::string text;
  try {
    text = value();
  } catch (const tenon::Error& error) {
    text = std::string("error: ") + error.what();
  }
  std::printf("%s: %s\n", key, text.c_str());
}

}  // namespace

int main() {
  using namespace tenon;
  if (std::getenv("TENON_TEST_HANDLER") != nullptr) {
    set_log_handler([](int, std::string_view) {
      if (sum(ones({4})).item<int>() != 4 || num_threads() < 1) std::abort();
    });
  }
  report("selected", [] { return current_backend().names(); });
  report("sum", [] { return std::to_string(sum(ones({4}) + ones({4})).item<int>()); });
  report("opened", [] {
    std::string names;
    for (const std::string& name : opened_backends()) names += (names.empty() ? "" : ",") + name;
    return names;
  });
  report("fallback", [] { return std::to_string(static_cast<int>(fallback_policy())); });
  report("threads", [] { return std::to_string(num_threads()); });
}
