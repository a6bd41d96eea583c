#include "equation.h"

#include <tenon/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace tenon::contraction {
namespace {

using namespace einsum_language;

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// The message, and a line with the equation and one with a caret under `position`. Of a long equation only
// the neighbourhood.
[[noreturn]] void fail_at(std::string_view text, std::size_t position, const std::string& message) {
  constexpr std::size_t kAround = 40;
  if (text.empty() || position == kNowhere) throw ShapeError("[einsum] " + message);
  const std::size_t begin = position > kAround ? position - kAround : 0;
  const std::size_t end = std::min(text.size(), position + kAround);
  std::string line;
  for (const char c : text.substr(begin, end - begin)) line += c >= ' ' && c <= '~' ? c : '?';
  throw ShapeError(fmt::format("[einsum] {}\n  {}{}{}\n  {:>{}}", message, begin > 0 ? "..." : "", line,
                               end < text.size() ? "..." : "", "^",
                               position - begin + (begin > 0 ? 3 : 0) + 1));
}

// Errors about tokens.
[[noreturn]] void fail_at_token(const Source& source, std::size_t token, const std::string& message) {
  fail_at(source.text, source.text.empty() ? kNowhere : position_of(source.text, token), message);
}

// Labels are letters in an equation that is text, else numbers.
std::string name_of(const Source& source, Token token) {
  if (token == kEllipsis) return "...";
  return source.text.empty() ? fmt::format("{}", token) : std::string(1, static_cast<char>(token));
}

// One term's tokens, without its comma.
struct Term {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::size_t> ellipsis;  // the token

  [[nodiscard]] std::size_t letters() const { return end - begin - (ellipsis ? 1 : 0); }
};

std::vector<Term> terms_of(std::span<const Token> tokens) {
  std::vector<Term> terms(1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == kComma || tokens[i] == kArrow) {
      terms.back().end = i;
      terms.push_back({i + 1, 0, {}});
    } else if (tokens[i] == kEllipsis) {
      terms.back().ellipsis = i;
    }
  }
  terms.back().end = tokens.size();
  return terms;
}

class Binding {
 public:
  Binding(const Source& source, std::span<const Shape> shapes)
      : source_(source), shapes_(shapes), terms_(terms_of(source.tokens)) {}

  Equation bind() {
    check_operands();
    for (std::size_t operand = 0; operand < shapes_.size(); ++operand) bind_operand(operand);
    const Term& output = terms_.back();
    for (std::size_t i = output.begin; i < output.end; ++i) {
      if (source_.tokens[i] == kEllipsis) {
        for (std::size_t from_right = broadcast_axes_; from_right > 0; --from_right) {
          equation_.output.push_back(broadcast_label(from_right));
        }
      } else {
        equation_.output.push_back(labels_.at(source_.tokens[i]));
      }
    }
    if (equation_.output.size() > kMaxRank) {
      fail_at_token(
          source_, output.begin,
          fmt::format("the output has {} axes, {} are the most", equation_.output.size(), kMaxRank));
    }
    for (std::size_t operand = 0; operand < shapes_.size(); ++operand) find_carried(operand);
    return std::move(equation_);
  }

 private:
  void check_operands() {
    const std::size_t wanted = terms_.size() - 1;
    if (wanted != shapes_.size()) {
      fail_at_token(
          source_, terms_[std::min(wanted, shapes_.size())].begin,
          fmt::format("the equation is of {} operand{}, {} {} given", wanted, wanted == 1 ? "" : "s",
                      shapes_.size(), shapes_.size() == 1 ? "was" : "were"));
    }
    for (std::size_t operand = 0; operand < wanted; ++operand) {
      const Term& term = terms_[operand];
      const std::size_t rank = shapes_[operand].size();
      if (term.ellipsis ? rank < term.letters() : rank != term.letters()) {
        fail_at_token(source_, term.begin,
                      fmt::format("operand {} is {}: it has {} ax{}, its term names {}{}", operand,
                                  to_string(shapes_[operand]), rank, rank == 1 ? "is" : "es", term.letters(),
                                  term.ellipsis || rank < term.letters() ? "" : " and has no '...'"));
      }
      if (term.ellipsis) broadcast_axes_ = std::max(broadcast_axes_, rank - term.letters());
    }
  }

  void bind_operand(std::size_t operand) {
    const Term& term = terms_[operand];
    const Shape& shape = shapes_[operand];
    Labels& labels = equation_.operands.emplace_back();
    for (std::size_t i = term.begin; i < term.end; ++i) {
      if (source_.tokens[i] == kEllipsis) {
        for (std::size_t from_right = shape.size() - term.letters(); from_right > 0; --from_right) {
          add_axis(operand, i, broadcast_label(from_right), labels, shape[labels.size()]);
        }
      } else {
        add_axis(operand, i, label_of(source_.tokens[i]), labels, shape[labels.size()]);
      }
    }
  }

  Label label_of(Token token) {
    const auto [at, is_new] = labels_.emplace(token, static_cast<Label>(equation_.extents.size()));
    if (is_new) add_label(name_of(source_, token));
    return at->second;
  }

  // The axes of all "..." are aligned at the last one; `from_right` counts from 1.
  Label broadcast_label(std::size_t from_right) {
    // Tokens below kArrow are free for them.
    const Token token = kArrow - static_cast<Token>(from_right);
    const auto [at, is_new] = labels_.emplace(token, static_cast<Label>(equation_.extents.size()));
    if (is_new) add_label(fmt::format("...{}", broadcast_axes_ - from_right));
    return at->second;
  }

  void add_label(std::string name) {
    equation_.names.push_back(std::move(name));
    equation_.extents.push_back(1);
    owners_.push_back(0);
  }

  void add_axis(std::size_t operand, std::size_t token, Label label, Labels& labels, std::int64_t extent) {
    const auto first = std::ranges::find(labels, label);
    if (first != labels.end()) {
      const std::int64_t before = shapes_[operand][static_cast<std::size_t>(first - labels.begin())];
      if (before != extent) {
        fail_at_token(source_, token,
                      fmt::format("index {} is twice in operand {}, on axes of {} and {}",
                                  equation_.names[label], operand, before, extent));
      }
    }
    labels.push_back(label);
    std::int64_t& known = equation_.extents[label];
    if (known == extent || extent == 1) return;
    if (known != 1) {
      fail_at_token(source_, token,
                    fmt::format("index {} is {} in operand {} and {} in operand {}", equation_.names[label],
                                known, owners_[label], extent, operand));
    }
    known = extent;
    owners_[label] = operand;
  }

  void find_carried(std::size_t operand) {
    const Labels& labels = equation_.operands[operand];
    Labels& carried = equation_.carried.emplace_back();
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      if (shapes_[operand][axis] != 1 && std::ranges::find(carried, labels[axis]) == carried.end())
        carried.push_back(labels[axis]);
    }
  }

  const Source& source_;
  std::span<const Shape> shapes_;
  std::vector<Term> terms_;
  std::size_t broadcast_axes_ = 0;
  std::map<Token, Label> labels_;
  std::vector<std::size_t> owners_;  // the operand that gave a label its extent
  Equation equation_;
};

}  // namespace

Equation bind(const Source& source, std::span<const Shape> shapes) { return Binding(source, shapes).bind(); }

Equation bind(std::string_view text, std::span<const Shape> shapes) {
  std::vector<Token> tokens(token_room(text.size()));
  const Result parsed = parse(text, tokens.data());
  const Source source = {std::span<const Token>(tokens).first(parsed.tokens), text};
  if (parsed.fault != Fault::none) fail(source, parsed.fault, parsed.at);
  return bind(source, shapes);
}

void fail(const Source& source, Fault fault, std::size_t at) {
  const std::size_t position = source.text.empty() ? kNowhere : at;
  const auto culprit = [&]() -> std::string {
    if (source.text.empty()) return at < source.tokens.size() ? name_of(source, source.tokens[at]) : "";
    const char c = at < source.text.size() ? source.text[at] : ' ';
    return c >= ' ' && c <= '~' ? fmt::format("'{}'", c)
                                : fmt::format("the byte {:#04x}", static_cast<unsigned char>(c));
  }();
  const std::string message = [&]() -> std::string {
    switch (fault) {
      case Fault::stray_character:
        return culprit + " is no letter, ',', '...' or '->'";
      case Fault::stray_dot:
        return "dots come in threes: '...'";
      case Fault::half_arrow:
        return "'->' is incomplete";
      case Fault::second_arrow:
        return "'->' occurs twice";
      case Fault::comma_in_output:
        return "the output is one term, without ','";
      case Fault::second_ellipsis:
        return "'...' occurs twice in one term";
      case Fault::negative_label:
        return fmt::format("label {} is negative", culprit);
      case Fault::repeated_output:
        return fmt::format("index {} occurs twice in the output", culprit);
      case Fault::unknown_output:
        return fmt::format("output index {} is in no operand", culprit);
      case Fault::none:
        break;
    }
    return "no fault";
  }();
  fail_at(source.text, position, message);
}

std::string equation_text(std::span<const Labels> operands, const Labels& output,
                          const std::vector<std::string>& names) {
  const auto append = [&](std::string& text, const Labels& labels) {
    const bool letters =
        std::ranges::all_of(labels, [&](const Label label) { return names[label].size() == 1; });
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (i > 0 && !letters) text += ' ';
      text += names[labels[i]];
    }
  };
  std::string text;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) text += ',';
    append(text, operands[i]);
  }
  text += "->";
  append(text, output);
  return text;
}

}  // namespace tenon::contraction
