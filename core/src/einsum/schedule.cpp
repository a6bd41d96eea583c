#include "schedule.h"

#include <tenon/error.h>

#include <fmt/format.h>

#include <algorithm>

#include "contraction_order.h"

namespace tenon::contraction {
namespace {

class Scheduling {
 public:
  explicit Scheduling(const Equation& equation) : equation_(equation), uses_(equation.extents.size(), 0) {}

  Schedule run(std::optional<std::int64_t> memory_limit) {
    schedule_.operands = equation_.carried;
    for (const Labels& labels : schedule_.operands) count(labels, 1);
    std::ranges::copy_if(equation_.output, std::back_inserter(schedule_.output),
                         [&](Label label) { return equation_.extents[label] != 1; });
    count(schedule_.output, 1);
    held_ = schedule_.operands;
    current_.resize(held_.size());
    for (std::size_t i = 0; i < held_.size(); ++i) current_[i] = i;

    if (held_.size() == 1) {
      if (held_[0].size() != schedule_.output.size()) add_step({0}, schedule_.output);
      return std::move(schedule_);
    }
    for (std::size_t i = 0; i < current_.size(); ++i) sum_alone(i, memory_limit);
    for (const auto& [left, right] : order(memory_limit).pairs) contract(left, right);
    return std::move(schedule_);
  }

 private:
  // uses_: in how many tensors that are left, the output included, a label occurs.
  void count(const Labels& labels, int change) {
    for (const Label label : labels) uses_[label] += change;
  }

  void add_step(std::vector<std::size_t> inputs, Labels output) {
    Step step;
    Labels all;
    for (const std::size_t input : inputs) {
      step.input_labels.push_back(held_[input]);
      for (const Label label : held_[input]) {
        if (std::ranges::find(all, label) == all.end()) all.push_back(label);
      }
    }
    step.flops = static_cast<double>(inputs.size() - 1) + (all.size() > output.size() ? 1 : 0);
    for (const Label label : all) step.flops *= static_cast<double>(equation_.extents[label]);
    step.inputs = std::move(inputs);
    step.output = output;
    held_.push_back(std::move(output));
    schedule_.steps.push_back(std::move(step));
  }

  // Sums the operand over what nobody else has.
  void sum_alone(std::size_t operand, std::optional<std::int64_t> memory_limit) {
    const Labels& labels = held_[operand];
    Labels kept;
    for (const Label label : labels) {
      if (uses_[label] > 1) kept.push_back(label);
    }
    if (kept.size() == labels.size()) return;
    double elements = 1;
    for (const Label label : kept) elements *= static_cast<double>(equation_.extents[label]);
    if (memory_limit && elements > static_cast<double>(*memory_limit)) fail_at_limit(*memory_limit);
    add_step({operand}, std::move(kept));
    current_[operand] = held_.size() - 1;
  }

  [[noreturn]] static void fail_at_limit(std::int64_t memory_limit) {
    throw ShapeError(
        fmt::format("[einsum] memory_limit is {} elements, and no order of contractions was found whose "
                    "intermediate results all keep within it",
                    memory_limit));
  }

  ContractionOrder order(std::optional<std::int64_t> memory_limit) const {
    Network network;
    for (const std::size_t tensor : current_) network.operands.push_back(held_[tensor]);
    network.output = schedule_.output;
    network.extents = equation_.extents;
    const std::optional<double> limit =
        memory_limit ? std::optional(static_cast<double>(*memory_limit)) : std::nullopt;
    std::optional<ContractionOrder> found = find_order(network, limit);
    if (!found) fail_at_limit(*memory_limit);
    return std::move(*found);
  }

  // Of the order's numbers: operands first, then results.
  void contract(std::size_t left, std::size_t right) {
    const std::size_t a = current_[left];
    const std::size_t b = current_[right];
    count(held_[a], -1);
    count(held_[b], -1);
    Labels kept;
    for (const std::size_t tensor : {a, b}) {
      for (const Label label : held_[tensor]) {
        if (uses_[label] > 0 && std::ranges::find(kept, label) == kept.end()) kept.push_back(label);
      }
    }
    count(kept, 1);
    const bool last = current_.size() + 2 == 2 * schedule_.operands.size();
    add_step({a, b}, last ? schedule_.output : std::move(kept));
    current_.push_back(held_.size() - 1);
  }

  const Equation& equation_;
  std::vector<int> uses_;
  std::vector<Labels> held_;          // of operands, then of results
  std::vector<std::size_t> current_;  // in held_, by the order's numbers
  Schedule schedule_;
};

}  // namespace

Schedule schedule(const Equation& equation, std::optional<std::int64_t> memory_limit) {
  return Scheduling(equation).run(memory_limit);
}

}  // namespace tenon::contraction
