// Standard output and standard error: what is a terminal, what has failed.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::tool {

/// Help or the version was asked for and printed.
struct HelpShown {};

/// Parses `words`. Throws HelpShown; UsageError for everything that CLI11 refuses.
void parse(CLI::App& app, std::vector<std::string> words);

/// Validators whose ranges and sets do not clutter the help.
///
/// A decimal integer in [low, high]; for transform(), which hands CLI11 the number as it reads it: a leading 0
/// makes nothing octal, and what does not fit is refused instead of clamped.
CLI::Validator between(std::int64_t low, std::int64_t high);
CLI::Validator one_of(std::vector<std::string> words);

/// Writes to standard output. Throws Error if that fails.
void print(std::string_view text);
/// Writes `text` and a newline and hands it on at once, for a reader of single lines.
void print_line(std::string_view text);
/// Throws Error if anything that was printed could not be written.
void flush_output();
/// "tenon: <message>" on standard error.
void print_error(std::string_view message);

/// Whether the stream leads to a terminal that can move its cursor.
bool is_terminal(std::FILE* stream);
/// Whether to colour what goes to the stream: a terminal, and no NO_COLOR (https://no-color.org).
bool is_colourful(std::FILE* stream);
/// Columns of the terminal behind the stream, 80 if it does not say.
std::size_t columns(std::FILE* stream);

}  // namespace tenon::tool
