// Einstein summation over any number of tensors.
//
//   einsum("bik,bkj->bij", a, b)                                        read at run time
//   einsum<"bik,bkj->bij">(a, b)                                        read by the compiler: a wrong one does not compile
//   auto [b, i, j, k] = indices<4>();
//   einsum(out(b, i, j), x(b, i, k), y(b, k, j))                        no text at all
//
// out[output indices] = sum over the other indices of the product of the operands. The grammar is NumPy's and
// PyTorch's (see einsum_language.h): a letter names an axis, twice in one operand it means the diagonal,
// "..." stands for leading axes that broadcast, an axis of extent 1 stretches to the others of its letter,
// and an output without "..." sums over its axes.
//
// The operands promote to one dtype, any but bool. Several are contracted in pairs, in the order that takes
// the fewest floating-point operations (einsum_path() tells which). The result may lie in memory in any
// order, as in PyTorch; of a single operand of which nothing is summed it is a view. Gradients flow to every
// operand.
#pragma once

#include <tenon/einsum_language.h>
#include <tenon/export.h>
#include <tenon/tensor.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {

struct EinsumOptions {
  /// The most elements that an intermediate result may have; the result itself does not count.
  std::optional<std::int64_t> memory_limit{};
};

/// Throws ShapeError, with a caret at the place in the equation, if the equation is wrong, if the number or
/// the ranks of the operands do not fit it, if extents disagree, or if no order keeps within the memory
/// limit; DTypeError on bool.
TENON_API Tensor einsum(std::string_view equation, std::span<const Tensor> operands,
                        const EinsumOptions& options = {});
template <std::same_as<Tensor>... Tensors>
Tensor einsum(std::string_view equation, const Tensors&... operands) {
  const std::array<Tensor, sizeof...(Tensors)> list = {operands...};
  return einsum(equation, std::span<const Tensor>(list));
}

// ---- the path
// ----------------------------------------------------------------------------------------------

/// One contraction of a path.
struct EinsumStep {
  /// Positions in the list of what is left, in rising order: they leave it, and the result joins it at the
  /// end (the convention of opt_einsum and numpy.einsum_path).
  std::vector<std::size_t> operands;
  std::string equation;
  double flops = 0;  ///< see EinsumPath
  double size = 0;   ///< elements of the result
};

/// How an equation is contracted. Operations are counted as opt_einsum does: the product of all extents that
/// take part, once for every multiplication and once for a summation. They are numbers of double, which
/// counts exactly up to 2^53 and goes on beyond 2^63.
struct EinsumPath {
  std::string equation;
  std::vector<EinsumStep> steps;
  double naive_flops = 0;  ///< of a single nest of loops over all indices
  double flops = 0;        ///< of all steps
  double largest = 0;      ///< elements of the largest intermediate; 0 if there is none

  /// A table in plain text, a line a step.
  [[nodiscard]] TENON_API std::string to_string() const;
};

/// The path that einsum() takes for operands of these shapes. Throws what einsum() throws for them.
TENON_API EinsumPath einsum_path(std::string_view equation, std::span<const Shape> shapes,
                                 const EinsumOptions& options = {});

/// The nest of loops that an equation stands for, in plain text: a loop for every free index, and within them
/// one for every summed index. Throws what einsum() throws for operands of these shapes.
TENON_API std::string einsum_loops(std::string_view equation, std::span<const Shape> shapes);

// ---- integers instead of letters
// ----------------------------------------------------------------------------------------------

/// The integer label of "...".
inline constexpr std::int32_t kEinsumEllipsis = einsum_language::kEllipsis;

/// An operand and a label >= 0 (or kEinsumEllipsis) for each of its axes.
struct EinsumOperand {
  Tensor tensor;
  std::vector<std::int32_t> labels;
};

/// Without `output` the labels that occur once, in rising order, after kEinsumEllipsis if an operand has it.
TENON_API Tensor einsum(std::span<const EinsumOperand> operands,
                        const std::optional<std::vector<std::int32_t>>& output = {},
                        const EinsumOptions& options = {});
inline Tensor einsum(std::initializer_list<EinsumOperand> operands,
                     const std::optional<std::vector<std::int32_t>>& output = {},
                     const EinsumOptions& options = {}) {
  return einsum(std::span(operands.begin(), operands.size()), output, options);
}

// ---- forms that the compiler reads
// ----------------------------------------------------------------------------------------------

namespace einsum_language {

/// The common end of all forms. `tokens` are complete; `text` is what errors point into, or empty.
TENON_API Tensor evaluate(std::span<const Token> tokens, std::string_view text,
                          std::span<const Tensor> operands, const EinsumOptions& options);

/// A string literal as a template argument.
template <std::size_t N>
struct Literal {
  char text[N];
  consteval Literal(const char (&literal)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

template <std::size_t Room>
struct Tokens {
  std::array<Token, Room> tokens{};
  Result result;
};

/// Does not compile if something is wrong; `At` is the position of the fault in the equation, or the label's
/// number.
template <Fault Kind, std::size_t At>
struct Check {
  static_assert(Kind != Fault::stray_character, "einsum: a character that is no letter, ',', '...' or '->'");
  static_assert(Kind != Fault::stray_dot, "einsum: a dot that is not one of '...'");
  static_assert(Kind != Fault::half_arrow, "einsum: '->' is incomplete");
  static_assert(Kind != Fault::second_arrow, "einsum: '->' occurs twice");
  static_assert(Kind != Fault::comma_in_output, "einsum: the output is one term; ',' stands behind '->'");
  static_assert(Kind != Fault::second_ellipsis, "einsum: '...' occurs twice in one term");
  static_assert(Kind != Fault::negative_label, "einsum: a label is negative");
  static_assert(Kind != Fault::repeated_output, "einsum: an index occurs twice in the output");
  static_assert(Kind != Fault::unknown_output, "einsum: an output index is in no operand");
  static constexpr bool passed = true;
};

template <Literal Equation>
inline constexpr auto kParsed = [] {
  Tokens<token_room(Equation.view().size())> parsed;
  parsed.result = parse(Equation.view(), parsed.tokens.data());
  return parsed;
}();

}  // namespace einsum_language

/// The equation is read and checked during compilation, the number of operands too; shapes are checked when
/// it runs.
template <einsum_language::Literal Equation, std::same_as<Tensor>... Tensors>
Tensor einsum(const Tensors&... operands) {
  constexpr const auto& parsed = einsum_language::kParsed<Equation>;
  static_assert(einsum_language::Check<parsed.result.fault, parsed.result.at>::passed);
  constexpr std::size_t expected = einsum_language::operand_count(parsed.tokens.data(), parsed.result.tokens);
  static_assert(parsed.result.fault != einsum_language::Fault::none || expected == sizeof...(Tensors),
                "einsum: the equation asks for another number of operands");
  const std::array<Tensor, sizeof...(Tensors)> list = {operands...};
  return einsum_language::evaluate(std::span(parsed.tokens).first(parsed.result.tokens), Equation.view(),
                                   list, {});
}

/// An index by type: two calls of indices() never give the same one.
template <typename Origin, std::size_t Number>
struct EinsumIndex {};

/// `auto [i, j, k] = indices<3>();`
template <std::size_t Count, typename Origin = decltype([] {})>
constexpr auto indices() {
  return []<std::size_t... I>(std::index_sequence<I...>) { return std::tuple<EinsumIndex<Origin, I>...>(); }
  (std::make_index_sequence<Count>());
}

/// The output's indices, as out(i, j) gives them.
template <typename... Indices>
struct EinsumOutput {};

struct EinsumOutputMaker {
  template <typename... Origins, std::size_t... Numbers>
  constexpr EinsumOutput<EinsumIndex<Origins, Numbers>...> operator()(
      EinsumIndex<Origins, Numbers>...) const {
    return {};
  }
};
/// out(i, j): the output of einsum(out(i, j), a(i, k), b(k, j)).
inline constexpr EinsumOutputMaker out{};

namespace einsum_language {

template <typename... Indices>
struct IndexList {
  static constexpr std::size_t kLength = sizeof...(Indices);
  /// The position of `Index`, or the list's length.
  template <typename Index>
  static constexpr Token position = [] {
    Token at = 0;
    static_cast<void>(((std::is_same_v<Indices, Index> ? false : (++at, true)) && ...));
    return at;
  }();
};

template <typename All, typename... Indices>
constexpr void append_labels(Token* tokens, std::size_t& count, IndexList<Indices...>) {
  ((tokens[count++] = All::template position<Indices>), ...);
}

// Labels are the places of first occurrence in the list of all indices, operands first.
template <typename Output, typename... Terms>
struct TypedTokens;
template <typename... Output, typename... Terms>
struct TypedTokens<IndexList<Output...>, Terms...> {
  template <typename... Lists>
  struct Joined;
  template <typename... A>
  struct Joined<IndexList<A...>> {
    using type = IndexList<A...>;
  };
  template <typename... A, typename... B, typename... Rest>
  struct Joined<IndexList<A...>, IndexList<B...>, Rest...> : Joined<IndexList<A..., B...>, Rest...> {};
  using All = typename Joined<Terms..., IndexList<Output...>>::type;

  static constexpr std::size_t kTokens = (Terms::kLength + ... + 0) + sizeof...(Terms) + sizeof...(Output);

  static constexpr auto kParsed = [] {
    Tokens<token_room(kTokens)> parsed;
    std::size_t count = 0;
    ((append_labels<All>(parsed.tokens.data(), count, Terms{}), parsed.tokens[count++] = kComma), ...);
    parsed.tokens[count - 1] = kArrow;
    append_labels<All>(parsed.tokens.data(), count, IndexList<Output...>{});
    parsed.result = complete(parsed.tokens.data(), count);
    return parsed;
  }();
};

}  // namespace einsum_language

/// An operand with its indices, as a(i, k) gives it.
template <typename Indices>
struct IndexedTensor {
  Tensor tensor;
};

/// Indices by type: wrong outputs do not compile. Ranks and shapes are checked when it runs.
template <typename... Output, typename... Terms>
Tensor einsum(EinsumOutput<Output...>, const IndexedTensor<Terms>&... operands) {
  static_assert(sizeof...(Terms) > 0, "einsum: there is no operand");
  using Typed = einsum_language::TypedTokens<einsum_language::IndexList<Output...>, Terms...>;
  static_assert(einsum_language::Check<Typed::kParsed.result.fault, Typed::kParsed.result.at>::passed);
  const std::array<Tensor, sizeof...(Terms)> list = {operands.tensor...};
  return einsum_language::evaluate(std::span(Typed::kParsed.tokens).first(Typed::kParsed.result.tokens), {},
                                   list, {});
}

}  // namespace tenon
