// Strings of JSON (RFC 8259, section 7).
#pragma once

#include <string>
#include <string_view>

#include "io/text_cursor.h"

namespace tenon::io {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

/// A quoted string, unescaped. Fails on bare control characters, unknown escapes, lone surrogates and invalid
/// UTF-8.
std::string read_json_string(TextCursor& cursor);

}  // namespace tenon::io
