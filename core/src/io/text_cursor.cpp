#include "io/text_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "io/input_file.h"

namespace tenon::io {

void TextCursor::pass_white_space() {
  position_ = std::min(text_.find_first_not_of(" \t\n\r", position_), text_.size());
}

bool TextCursor::accept(std::string_view token) {
  pass_white_space();
  if (!rest().starts_with(token)) return false;
  position_ += token.size();
  return true;
}

void TextCursor::expect(std::string_view token) {
  if (!accept(token)) fail(fmt::format("expected {}", in_quotes(token)));
}

std::int64_t TextCursor::natural() {
  pass_white_space();
  const std::string_view digits = rest();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) fail("a number beyond 2^63 - 1");
  const auto length = static_cast<std::size_t>(end - digits.data());
  if (error != std::errc{} || digits.front() == '-') fail("expected an integer that is not negative");
  if (length > 1 && digits.front() == '0') fail("a number with leading zeros");
  if (length < digits.size() && (digits[length] == '.' || digits[length] == 'e' || digits[length] == 'E')) {
    fail("expected an integer, not a floating-point number");
  }
  position_ += length;
  return value;
}

bool TextCursor::at_end() {
  pass_white_space();
  return rest().empty();
}

void TextCursor::fail(std::string_view message) const {
  const std::string found = rest().empty() ? "the end" : in_quotes(rest().substr(0, 16));
  io::fail(path_, field_, fmt::format("{}, found {} at byte {} of the header", message, found, position_));
}

}  // namespace tenon::io
