// The language of einsum: an equation as tokens, read and checked by the same code at compile time and at run
// time.
//
//   equation = terms [ "->" term ];  terms = term { "," term };  term = { letter | "..." };  blanks mean nothing
//
// "..." stands for the axes that the letters leave over, and occurs at most once in a term. Without "->" the
// output is "..." (if an operand has it) and then, in order, the letters that occur just once (NumPy's rule).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon::einsum_language {

/// A letter's character code, or in the integer form a number >= 0; or one of the marks.
using Token = std::int32_t;
inline constexpr Token kEllipsis = -1;
inline constexpr Token kComma = -2;
inline constexpr Token kArrow = -3;

enum class Fault : std::uint8_t {
  none,
  stray_character,  ///< neither letter, comma, "...", "->" nor blank
  stray_dot,        ///< a dot that is not one of "..."
  half_arrow,       ///< "-" without ">", or the other way round
  second_arrow,     ///< "->" twice
  comma_in_output,  ///< "," behind "->"
  second_ellipsis,  ///< "..." twice in one term
  negative_label,   ///< an integer label below 0
  repeated_output,  ///< a label twice in the output
  unknown_output,   ///< an output label that no operand has
};

/// What reading gave: so many tokens, or a fault `at` a character (read()) or a token (complete()).
struct Result {
  std::size_t tokens = 0;
  Fault fault = Fault::none;
  std::size_t at = 0;
};

/// Room for the tokens of `characters` characters, the output that complete() adds included.
constexpr std::size_t token_room(std::size_t characters) { return 2 * characters + 2; }

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Cuts text into at most text.size() tokens. `at` is the position of the character at fault.
constexpr Result read(std::string_view text, Token* tokens) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_blank(c)) continue;
    if (is_letter(c)) {
      tokens[count++] = c;
    } else if (c == ',') {
      tokens[count++] = kComma;
    } else if (c == '.') {
      if (text.substr(i, 3) != "...") return {count, Fault::stray_dot, i};
      tokens[count++] = kEllipsis;
      i += 2;
    } else if (c == '-' || c == '>') {
      if (text.substr(i, 2) != "->") return {count, Fault::half_arrow, i};
      tokens[count++] = kArrow;
      i += 1;
    } else {
      return {count, Fault::stray_character, i};
    }
  }
  return {count, Fault::none, 0};
}

/// Checks the tokens' order and appends the output if there is none; `tokens` has token_room(count). `at` is
/// the token at fault.
constexpr Result complete(Token* tokens, std::size_t count) {
  const auto occurrences = [&](Token label, std::size_t begin, std::size_t end) {
    std::size_t n = 0;
    for (std::size_t i = begin; i < end && n < 2; ++i) n += tokens[i] == label ? 1 : 0;
    return n;
  };
  std::size_t arrow = count;
  bool any_ellipsis = false;
  bool ellipsis_in_term = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (tokens[i] == kArrow) {
      if (arrow != count) return {count, Fault::second_arrow, i};
      arrow = i;
      ellipsis_in_term = false;
    } else if (tokens[i] == kComma) {
      if (arrow != count) return {count, Fault::comma_in_output, i};
      ellipsis_in_term = false;
    } else if (tokens[i] == kEllipsis) {
      if (ellipsis_in_term) return {count, Fault::second_ellipsis, i};
      ellipsis_in_term = true;
      any_ellipsis = any_ellipsis || arrow == count;
    } else if (tokens[i] < 0) {
      return {count, Fault::negative_label, i};
    } else if (arrow != count) {
      if (occurrences(tokens[i], arrow + 1, i) > 0) return {count, Fault::repeated_output, i};
      if (occurrences(tokens[i], 0, arrow) == 0) return {count, Fault::unknown_output, i};
    }
  }
  if (arrow != count) return {count, Fault::none, 0};

  std::size_t end = count;
  tokens[end++] = kArrow;
  if (any_ellipsis) tokens[end++] = kEllipsis;
  const std::size_t first = end;
  for (std::size_t i = 0; i < count; ++i) {
    if (tokens[i] < 0 || occurrences(tokens[i], 0, count) != 1) continue;
    std::size_t place = end++;
    for (; place > first && tokens[place - 1] > tokens[i]; --place) tokens[place] = tokens[place - 1];
    tokens[place] = tokens[i];
  }
  return {end, Fault::none, 0};
}

/// Where in the text its token number `index` begins; text.size() if there are not so many.
constexpr std::size_t position_of(std::string_view text, std::size_t index) {
  std::size_t position = 0;
  for (std::size_t token = 0;; ++token) {
    while (position < text.size() && is_blank(text[position])) ++position;
    if (token == index || position >= text.size()) return position;
    position += text[position] == '.' ? 3 : text[position] == '-' ? 2 : 1;
  }
}

/// Both in one; `at` is the position of the character at fault.
constexpr Result parse(std::string_view text, Token* tokens) {
  Result result = read(text, tokens);
  if (result.fault != Fault::none) return result;
  result = complete(tokens, result.tokens);
  if (result.fault != Fault::none) result.at = position_of(text, result.at);
  return result;
}

/// The number of operands that complete tokens ask for.
constexpr std::size_t operand_count(const Token* tokens, std::size_t count) {
  std::size_t operands = 1;
  for (std::size_t i = 0; i < count && tokens[i] != kArrow; ++i) operands += tokens[i] == kComma ? 1 : 0;
  return operands;
}

}  // namespace tenon::einsum_language
