// An equation that met its operands: every axis has a label and every label an extent.
#pragma once

#include <tenon/einsum_language.h>
#include <tenon/shape.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::contraction {

/// Numbers in order of first occurrence, the axes of "..." included.
using Label = std::uint32_t;
using Labels = std::vector<Label>;

struct Equation {
  std::vector<Labels> operands;  ///< of every axis
  /// Of every operand: the labels along which it has other than one element, each once. Along the others it is stretched,
  /// and has no say in where they are summed.
  std::vector<Labels> carried;
  Labels output;
  std::vector<std::int64_t> extents;  ///< of every label, after broadcasting
  std::vector<std::string> names;     ///< of every label: "i", "12", or "...0" for the first axis of "..."
};

/// What an error points into: the tokens of an equation, and its text if it has one.
struct Source {
  std::span<const einsum_language::Token> tokens;
  std::string_view text;
};

/// Gives every axis its label. Throws ShapeError as einsum() says.
Equation bind(const Source& source, std::span<const Shape> shapes);

/// Reads the text and gives every axis its label.
Equation bind(std::string_view text, std::span<const Shape> shapes);

/// Throws ShapeError for a fault of read() or complete(): `at` is a position in the text, or else a token.
[[noreturn]] void fail(const Source& source, einsum_language::Fault fault, std::size_t at);

/// "ij,jk->ik": the names of labels, with a blank between those that are longer than a letter.
std::string equation_text(std::span<const Labels> operands, const Labels& output,
                          const std::vector<std::string>& names);

}  // namespace tenon::contraction
