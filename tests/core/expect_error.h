// Errors by type and by what they say.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tenon::test {

/// Expects `call` to throw an `E` whose message contains each of `texts`.
template <typename E, typename Call, typename... Text>
void expect_error(Call&& call, const Text&... texts) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const E& error) {
    const std::string_view message = error.what();
    for (const std::string_view text : {std::string_view(texts)...}) {
      EXPECT_NE(message.find(text), std::string_view::npos) << "'" << text << "' is not in: " << message;
    }
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error was thrown: " << error.what();
  }
}

}  // namespace tenon::test
