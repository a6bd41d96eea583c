#include "io/json_string.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace tenon::io {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto continuation = [&](int shift) { put(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    continuation(0);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    continuation(6);
    continuation(0);
  } else {
    put(0xF0 | code >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::uint32_t read_four_hex_digits(TextCursor& cursor) {
  const std::string_view digits = cursor.rest().substr(0, 4);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() < 4 || error != std::errc{} || end != digits.data() + 4) {
    cursor.fail("expected four hexadecimal digits");
  }
  cursor.advance(4);
  return value;
}

// Behind "\u". Code points beyond U+FFFF come as two surrogates.
std::uint32_t read_code_point(TextCursor& cursor) {
  const std::uint32_t first = read_four_hex_digits(cursor);
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first > 0xDBFF || !cursor.rest().starts_with("\\u")) cursor.fail("a lone surrogate");
  cursor.advance(2);
  const std::uint32_t second = read_four_hex_digits(cursor);
  if (second < 0xDC00 || second > 0xDFFF) cursor.fail("a lone surrogate");
  return 0x10000 + ((first - 0xD800) << 10 | (second - 0xDC00));
}

void read_escape(TextCursor& cursor, std::string& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char letter = cursor.rest().empty() ? '\0' : cursor.rest().front();
  if (letter == 'u') {
    cursor.advance(1);
    append_utf8(out, read_code_point(cursor));
  } else if (const std::size_t i = kLetters.find(letter); i != std::string_view::npos) {
    cursor.advance(1);
    out.push_back(kMeanings[i]);
  } else {
    cursor.fail("an escape that JSON does not have");
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  // The lead bytes of n-byte sequences and the smallest code point that needs n bytes.
  struct Row {
    std::uint32_t mask, lead, smallest;
  };
  constexpr Row kRows[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    while (length <= 4 && (lead & kRows[length - 1].mask) != kRows[length - 1].lead) ++length;
    if (length > 4 || length > text.size()) return false;
    std::uint32_t code = lead & ~kRows[length - 1].mask & 0xFF;
    for (const char c : text.substr(1, length - 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0) != 0x80) return false;
      code = code << 6 | (byte & 0x3F);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < kRows[length - 1].smallest || code > 0x10FFFF || surrogate) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string read_json_string(TextCursor& cursor, std::size_t limit) {
  cursor.expect("\"");
  std::string out;
  const auto check_length = [&](std::size_t length) {
    if (length > limit) cursor.fail(fmt::format("a string of more than {} bytes", limit));
  };
  for (;;) {
    const std::string_view rest = cursor.rest();
    std::size_t plain = 0;
    while (plain < rest.size() && rest[plain] != '"' && rest[plain] != '\\' &&
           static_cast<unsigned char>(rest[plain]) >= 0x20) {
      ++plain;
    }
    check_length(out.size() + plain);
    if (!is_utf8(rest.substr(0, plain))) cursor.fail("a string that is not valid UTF-8");
    out.append(rest.substr(0, plain));
    cursor.advance(plain);
    if (cursor.rest().starts_with('"')) {
      cursor.advance(1);
      return out;
    }
    if (!cursor.rest().starts_with('\\')) cursor.fail("a string that does not end");
    cursor.advance(1);
    read_escape(cursor, out);
    check_length(out.size());
  }
}

}  // namespace tenon::io
