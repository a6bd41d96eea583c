// What einsum tells of its plans: paths and loop nests.
#include <tenon/einsum.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "equation.h"
#include "schedule.h"

namespace tenon {
namespace {

using contraction::Equation;
using contraction::Label;
using contraction::Labels;
using contraction::Step;

double size_of(const Labels& labels, const Equation& equation) {
  double size = 1;
  for (const Label label : labels) size *= static_cast<double>(equation.extents[label]);
  return size;
}

bool contains(const Labels& labels, Label label) { return std::ranges::find(labels, label) != labels.end(); }

Labels all_labels(const Equation& equation) {
  Labels labels(equation.extents.size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<Label>(i);
  return labels;
}

double naive_flops(const Equation& equation) {
  const auto operands = static_cast<double>(equation.operands.size());
  const bool sums = equation.output.size() < equation.extents.size();
  return size_of(all_labels(equation), equation) * (std::max(operands - 1, 1.0) + (sums ? 1 : 0));
}

// Counts as people write them: whole up to a million, then three digits.
std::string count(double number) {
  return number < 1e6 ? fmt::format("{:.0f}", number) : fmt::format("{:.3g}", number);
}

// "a", "b", ... for the operands of a loop nest.
std::string operand_name(std::size_t i) {
  constexpr std::size_t kLetters = 26;
  return i < kLetters ? std::string(1, static_cast<char>('a' + i)) : fmt::format("x{}", i);
}

// "a[i, j]", "a" for a scalar. `one` marks axes that are stretched to the others' extent: they are read at 0.
std::string element(const std::string& name, const Labels& labels, const Equation& equation,
                    const Shape* shape) {
  if (labels.empty()) return name;
  std::string text = name + "[";
  for (std::size_t axis = 0; axis < labels.size(); ++axis) {
    const bool stretched = shape != nullptr && (*shape)[axis] != equation.extents[labels[axis]];
    text += (axis > 0 ? ", " : "") + (stretched ? "0" : equation.names[labels[axis]]);
  }
  return text + "]";
}

}  // namespace

EinsumPath einsum_path(std::string_view text, std::span<const Shape> shapes, const EinsumOptions& options) {
  const Equation equation = contraction::bind(text, shapes);
  const contraction::Schedule schedule = contraction::schedule(equation, options.memory_limit);
  EinsumPath path;
  path.equation = contraction::equation_text(equation.operands, equation.output, equation.names);
  path.naive_flops = naive_flops(equation);
  std::vector<std::size_t> left(shapes.size());  // numbers of the schedule
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    const Step& step = schedule.steps[i];
    EinsumStep& told = path.steps.emplace_back();
    for (const std::size_t input : step.inputs) {
      told.operands.push_back(static_cast<std::size_t>(std::ranges::find(left, input) - left.begin()));
    }
    std::ranges::sort(told.operands);
    for (const std::size_t input : step.inputs) std::erase(left, input);
    left.push_back(shapes.size() + i);
    told.equation = contraction::equation_text(step.input_labels, step.output, equation.names);
    told.flops = step.flops;
    told.size = size_of(step.output, equation);
    path.flops += step.flops;
    if (i + 1 < schedule.steps.size()) path.largest = std::max(path.largest, told.size);
  }
  return path;
}

std::string EinsumPath::to_string() const {
  std::string text = fmt::format("equation              {}\n", equation);
  text += fmt::format("operations, one nest  {}\n", count(naive_flops));
  text += fmt::format("operations, this way  {}", count(flops));
  if (flops > 0 && naive_flops > flops) text += fmt::format("  ({:.3g} times fewer)", naive_flops / flops);
  text += fmt::format("\nlargest intermediate  {}\n", largest > 0 ? count(largest) + " elements" : "none");
  if (steps.empty()) return text + "\nnothing is computed: the result is a view\n";
  std::size_t width = std::string_view("equation").size();
  for (const EinsumStep& step : steps) width = std::max(width, step.equation.size());
  text += fmt::format("\n{:>4}  {:<9} {:<{}}  {:>10}  {:>10}\n", "step", "operands", "equation", width,
                      "operations", "result");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += fmt::format("{:>4}  {:<9} {:<{}}  {:>10}  {:>10}\n", i + 1,
                        fmt::format("{}", fmt::join(steps[i].operands, ", ")), steps[i].equation, width,
                        count(steps[i].flops), count(steps[i].size));
  }
  return text;
}

std::string einsum_loops(std::string_view text, std::span<const Shape> shapes) {
  const Equation equation = contraction::bind(text, shapes);
  Labels summed;
  for (const Label label : all_labels(equation)) {
    if (!contains(equation.output, label)) summed.push_back(label);
  }
  std::string nest;
  std::size_t depth = 0;
  const auto line = [&](const std::string& code, const std::string& remark) {
    const std::string indented = std::string(2 * depth, ' ') + code;
    nest += remark.empty() ? indented + "\n" : fmt::format("{:<40} # {}\n", indented, remark);
  };
  const auto loops = [&](const Labels& labels, const std::string& remark) {
    for (const Label label : labels) {
      line(fmt::format("for {} in range({}):", equation.names[label], equation.extents[label]), remark);
      ++depth;
    }
  };
  std::string product;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    product += (i > 0 ? " * " : "") + element(operand_name(i), equation.operands[i], equation, &shapes[i]);
  }
  const std::string out = element("out", equation.output, equation, nullptr);
  loops(equation.output, "free");
  if (summed.empty()) {
    line(out + " = " + product, "");
  } else {
    line(out + " = 0", "");
    loops(summed, "summed");
    line(out + " += " + product, "");
  }
  return nest;
}

}  // namespace tenon
