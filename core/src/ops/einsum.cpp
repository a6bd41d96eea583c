// Einsum: the public forms, running a plan, and the derivatives of its steps.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "../einsum/plan.h"
#include "elementwise.h"

namespace tenon {
namespace {

using autograd::Saved;
using contraction::Label;
using contraction::Labels;
using contraction::Plan;
using einsum_language::Fault;
using einsum_language::Token;

using Modes = tenon_einsum_attributes;

Labels labels_of(const Modes& modes, std::size_t operand, std::size_t rank) {
  return {modes.modes[operand], modes.modes[operand] + rank};
}

Tensor contract(const Tensor& a, const Tensor& b, const Modes& modes, const Shape& shape);

// The contraction whose axes are `wanted`, in an order of memory that suits the operands.
Tensor contract_to(const Tensor& a, const Labels& a_labels, const Tensor& b, const Labels& b_labels,
                   const Labels& wanted, const Shape& wanted_shape) {
  const Labels order = contraction::result_order(contraction::by_stride(a_labels, a.strides()),
                                                 contraction::by_stride(b_labels, b.strides()), wanted);
  const std::array<Labels, 2> inputs = {a_labels, b_labels};
  const auto place = [](const Labels& labels, Label label) {
    return std::ranges::find(labels, label) - labels.begin();
  };
  Shape shape;
  for (const Label label : order)
    shape.push_back(wanted_shape[static_cast<std::size_t>(place(wanted, label))]);
  Tensor out = contract(a, b, contraction::modes_of(inputs, order), shape);
  if (order == wanted) return out;
  Axes axes;
  for (const Label label : wanted) axes.push_back(place(order, label));
  return permute(out, axes);
}

// One call of Op::einsum on two operands, none of which repeats a mode. Every mode of an operand is in the
// other or in the result, so that each gradient is a contraction of the result's gradient with the other
// operand.
Tensor contract(const Tensor& a, const Tensor& b, const Modes& modes, const Shape& shape) {
  Tensor out = ops::output(shape, a.dtype());
  dispatch::dispatch(Op::einsum, {{a}, {b}}, out, &modes);
  if (autograd::recording({&a, &b})) {
    const Labels a_labels = labels_of(modes, 0, a.rank());
    const Labels b_labels = labels_of(modes, 1, b.rank());
    const Labels out_labels = labels_of(modes, 2, out.rank());
    autograd::record(out, "einsum",
                     {{&a,
                       [=, saved = Saved(b), wanted = a.shape()](const Tensor& g, const Tensor&) {
                         return contract_to(g, out_labels, *saved, b_labels, a_labels, wanted);
                       }},
                      {&b, [=, saved = Saved(a), wanted = b.shape()](const Tensor& g, const Tensor&) {
                         return contract_to(g, out_labels, *saved, a_labels, b_labels, wanted);
                       }}});
  }
  return out;
}

// The gradient of a sum: repeated along the axes that were summed.
Tensor repeated(const Tensor& g, const Labels& out_labels, const Labels& labels, const Shape& shape) {
  Axes order;
  for (const Label label : labels) {
    const auto at = std::ranges::find(out_labels, label);
    if (at != out_labels.end()) order.push_back(at - out_labels.begin());
  }
  Tensor x = permute(g, order);
  for (std::size_t axis = 0; axis < labels.size(); ++axis) {
    if (std::ranges::find(out_labels, labels[axis]) == out_labels.end()) {
      x = unsqueeze(x, static_cast<std::int64_t>(axis));
    }
  }
  return expand(x, shape);
}

// One call of Op::einsum on a single operand: a sum.
Tensor sum_out(const Tensor& x, const Modes& modes, const Shape& shape) {
  Tensor out = ops::output(shape, x.dtype());
  dispatch::dispatch(Op::einsum, {{x}}, out, &modes);
  if (autograd::recording({&x})) {
    autograd::record(
        out, "einsum",
        {{&x, [labels = labels_of(modes, 0, x.rank()), out_labels = labels_of(modes, 2, out.rank()),
               wanted = x.shape()](const Tensor& g, const Tensor&) {
            return repeated(g, out_labels, labels, wanted);
          }}});
  }
  return out;
}

Tensor prepared(Tensor x, const Plan::Preparation& preparation) {
  for (const auto& [axis, other] : preparation.diagonals) x = diagonal(x, 0, axis, other);
  return preparation.dropped.empty() ? x : squeeze(x, preparation.dropped);
}

Tensor finished(Tensor x, const Plan& plan) {
  if (!plan.permutation.empty()) x = permute(x, plan.permutation);
  for (const std::int64_t axis : plan.inserted) x = unsqueeze(x, axis);
  return x;
}

Tensor run(const Plan& plan, std::span<const Tensor> operands) {
  std::vector<Tensor> tensors;
  std::span<const Tensor> inputs = operands;
  if (plan.prepares || plan.calls.size() != 1) {
    tensors.reserve(operands.size() + plan.calls.size());
    for (std::size_t i = 0; i < operands.size(); ++i) {
      tensors.push_back(plan.prepares ? prepared(operands[i], plan.operands[i]) : operands[i]);
    }
    inputs = tensors;
  }
  Tensor result = inputs[0];
  for (const Plan::Call& call : plan.calls) {
    if (call.count == 1) {
      result = sum_out(inputs[call.inputs[0]], call.attributes, call.shape);
    } else {
      result = contract(inputs[call.inputs[0]], inputs[call.inputs[1]], call.attributes, call.shape);
    }
    if (tensors.empty()) break;
    for (std::size_t i = 0; i < call.count; ++i) tensors[call.inputs[i]] = {};
    tensors.push_back(result);
    inputs = tensors;
  }
  return finished(std::move(result), plan);
}

}  // namespace

namespace einsum_language {

Tensor evaluate(std::span<const Token> tokens, std::string_view text, std::span<const Tensor> operands,
                const EinsumOptions& options) {
  for (const Tensor& operand : operands) static_cast<void>(operand.shape());  // throws where one is undefined
  const std::shared_ptr<const Plan> plan = contraction::plan_for({tokens, text}, operands, options);
  const DType dtype = [&] {
    DType promoted = operands[0].dtype();
    for (const Tensor& operand : operands) promoted = promote(promoted, operand.dtype());
    return promoted;
  }();
  ops::check_dtype(Op::einsum, dtype);
  if (std::ranges::all_of(operands, [&](const Tensor& operand) { return operand.dtype() == dtype; })) {
    return run(*plan, operands);
  }
  std::vector<Tensor> promoted;
  for (const Tensor& operand : operands) promoted.push_back(astype(operand, dtype));
  return evaluate(tokens, text, promoted, options);
}

}  // namespace einsum_language

Tensor einsum(std::string_view equation, std::span<const Tensor> operands, const EinsumOptions& options) {
  constexpr std::size_t kShort = 64;
  std::array<Token, einsum_language::token_room(kShort)> short_tokens;
  std::vector<Token> long_tokens(equation.size() > kShort ? einsum_language::token_room(equation.size()) : 0);
  Token* const tokens = long_tokens.empty() ? short_tokens.data() : long_tokens.data();
  const einsum_language::Result parsed = einsum_language::parse(equation, tokens);
  if (parsed.fault != Fault::none)
    contraction::fail({{tokens, parsed.tokens}, equation}, parsed.fault, parsed.at);
  return einsum_language::evaluate({tokens, parsed.tokens}, equation, operands, options);
}

Tensor einsum(std::span<const EinsumOperand> operands, const std::optional<std::vector<std::int32_t>>& output,
              const EinsumOptions& options) {
  if (operands.empty()) throw ShapeError("[einsum] there is no operand");
  // Also the numbers of the marks, which are no labels.
  const auto checked = [](std::int32_t label) {
    if (label < kEinsumEllipsis) throw ShapeError(fmt::format("[einsum] label {} is negative", label));
    return label;
  };
  std::vector<Token> tokens;
  std::vector<Tensor> tensors;
  for (const EinsumOperand& operand : operands) {
    if (!tensors.empty()) tokens.push_back(einsum_language::kComma);
    std::ranges::transform(operand.labels, std::back_inserter(tokens), checked);
    tensors.push_back(operand.tensor);
  }
  if (output) {
    tokens.push_back(einsum_language::kArrow);
    std::ranges::transform(*output, std::back_inserter(tokens), checked);
  }
  const std::size_t given = tokens.size();
  tokens.resize(einsum_language::token_room(given));
  const einsum_language::Result complete = einsum_language::complete(tokens.data(), given);
  tokens.resize(complete.tokens);
  if (complete.fault != Fault::none) contraction::fail({tokens, {}}, complete.fault, complete.at);
  return einsum_language::evaluate(tokens, {}, tensors, options);
}

}  // namespace tenon
