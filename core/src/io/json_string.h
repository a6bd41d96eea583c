// Strings of JSON (RFC 8259, section 7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/text_cursor.h"

namespace tenon::io {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

/// A quoted string, unescaped. Fails on bare control characters, unknown escapes, lone surrogates, invalid
/// UTF-8, and on more than `limit` bytes before it takes memory for them.
std::string read_json_string(TextCursor& cursor, std::size_t limit);

}  // namespace tenon::io
