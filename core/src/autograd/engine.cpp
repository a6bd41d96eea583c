// The backward pass: nodes in the reverse order of their making, each once, when all that depends on it is
// done.
#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "../dispatch/door.h"
#include "../tensor_body.h"
#include "node.h"

namespace tenon {
namespace {

using autograd::Edge;
using autograd::Node;

// The adjoint of broadcasting and promotion: summed over stretched axes, cast to the input's dtype, in its memory.
Tensor fit(Tensor gradient, const Node& node, std::size_t i) {
  const Node::Input& input = node.inputs()[i];
  if (gradient.shape() != input.shape) {
    const std::size_t lead = gradient.rank() - std::min(gradient.rank(), input.shape.size());
    Axes stretched;
    bool fits = gradient.rank() >= input.shape.size();
    for (std::size_t axis = 0; fits && axis < gradient.rank(); ++axis) {
      const std::int64_t extent = axis < lead ? 1 : input.shape[axis - lead];
      if (axis < lead || (extent == 1 && gradient.shape()[axis] != 1)) {
        stretched.push_back(static_cast<std::int64_t>(axis));
      } else {
        fits = gradient.shape()[axis] == extent;
      }
    }
    if (!fits) {
      throw AutogradError(fmt::format("[{}] the gradient of input {} is {}, the input {}", node.name(), i,
                                      to_string(gradient.shape()), to_string(input.shape)));
    }
    gradient = reshape(stretched.empty() ? gradient : sum(gradient, stretched, true), input.shape);
  }
  return to(astype(gradient, input.dtype), input.device);
}

struct Pass {
  // What has arrived so far, by output.
  std::unordered_map<Node*, std::vector<Tensor>> arrived;

  void add_to(const Edge& edge, const Tensor& gradient) {
    auto& slots = arrived[edge.node().get()];
    slots.resize(edge.node()->outputs());
    Tensor& slot = slots[edge.slot()];
    if (!slot.defined()) {
      slot = gradient;
      return;
    }
    const use_backend scope(dispatch::where_lies(slot));
    slot = add(slot, gradient);
  }
};

struct Step {
  std::shared_ptr<Node> node;
  bool goes_on;  // whether what it depends on is wanted
};

// The nodes below `roots`, latest first. With `targets`, only those on a path to one of them.
std::vector<Step> tape_order(const std::vector<std::shared_ptr<Node>>& roots,
                             const std::vector<Node*>* targets) {
  std::unordered_map<Node*, bool> leads;
  std::vector<std::shared_ptr<Node>> order;
  std::vector<std::shared_ptr<Node>> open = roots;
  while (!open.empty()) {
    const std::shared_ptr<Node> node = std::move(open.back());
    open.pop_back();
    if (!leads
             .emplace(node.get(),
                      targets == nullptr || std::ranges::find(*targets, node.get()) != targets->end())
             .second)
      continue;
    order.push_back(node);
    for (const Node::Input& input : node->inputs()) {
      if (input.edge) open.push_back(input.edge.node());
    }
  }
  std::ranges::sort(order, std::less(), [](const auto& node) { return node->number(); });
  std::vector<Step> steps;
  for (const auto& node : order) {
    bool goes_on = false;
    for (const Node::Input& input : node->inputs()) goes_on |= input.edge && leads[input.edge.node().get()];
    leads[node.get()] |= goes_on;
    if (leads[node.get()]) steps.push_back({node, goes_on});
  }
  std::ranges::reverse(steps);
  return steps;
}

Tensor seed_gradient(const Tensor& output, const Tensor& gradient) {
  if (!output.requires_grad()) {
    throw AutogradError(
        "[backward] the output has no history: nothing it was computed from needs a gradient, or NoGrad was "
        "on");
  }
  if (!gradient.defined()) {
    if (output.size() != 1) {
      throw AutogradError(
          fmt::format("[backward] the output is {}; without a gradient it must have one element",
                      to_string(output.shape())));
    }
    return ones_like(output);
  }
  if (gradient.shape() != output.shape()) {
    throw ShapeError(fmt::format("[backward] the gradient is {}, the output {}", to_string(gradient.shape()),
                                 to_string(output.shape())));
  }
  return to(astype(gradient, output.dtype()), output.device());
}

// Runs the pass. Calls `at_node` with what has arrived at each node before the node goes on.
template <typename AtNode>
void run(std::span<const Tensor> outputs, std::span<const Tensor> gradients,
         const std::vector<Node*>* targets, bool create_graph, AtNode&& at_node) {
  if (!gradients.empty() && gradients.size() != outputs.size()) {
    throw AutogradError(
        fmt::format("[backward] {} gradients for {} outputs", gradients.size(), outputs.size()));
  }
  std::optional<NoGrad> no_grad;
  std::optional<EnableGrad> enable_grad;
  if (create_graph) {
    enable_grad.emplace();
  } else {
    no_grad.emplace();
  }
  Pass pass;
  std::vector<std::shared_ptr<Node>> roots;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor gradient = seed_gradient(outputs[i], gradients.empty() ? Tensor() : gradients[i]);
    const Edge& edge = outputs[i].body().edge;
    pass.add_to(edge, gradient);
    roots.push_back(edge.node());
  }
  for (const auto& [node, goes_on] : tape_order(roots, targets)) {
    const auto found = pass.arrived.find(node.get());
    if (found == pass.arrived.end()) continue;
    std::vector<Tensor> arrived = std::move(found->second);
    pass.arrived.erase(found);
    at_node(*node, arrived);
    if (!goes_on) continue;
    const use_backend scope(node->backend());
    const std::vector<Tensor> results = node->backward(arrived);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Edge& edge = node->inputs()[i].edge;
      if (edge && results[i].defined()) pass.add_to(edge, fit(results[i], *node, i));
    }
  }
}

}  // namespace

void backward(std::span<const Tensor> outputs, std::span<const Tensor> gradients, bool create_graph) {
  run(outputs, gradients, nullptr, create_graph, [](Node& node, std::vector<Tensor>& arrived) {
    if (auto* leaf = node.leaf(); leaf != nullptr && arrived[0].defined())
      leaf->accumulate(std::move(arrived[0]));
  });
}

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> gradients, bool create_graph) {
  std::vector<Node*> targets;
  for (const Tensor& input : inputs) {
    if (!input.requires_grad())
      throw AutogradError(
          "[grad] an input needs no gradient; call set_requires_grad() on it before it is used");
    targets.push_back(input.body().edge.node().get());
  }
  std::vector<Tensor> results(inputs.size());
  run(outputs, gradients, &targets, create_graph, [&](Node& node, std::vector<Tensor>& arrived) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] != &node) continue;
      const Tensor& gradient = arrived[inputs[i].body().edge.slot()];
      results[i] = gradient.defined() ? to(gradient, inputs[i].device()) : gradient;
    }
  });
  return results;
}

std::vector<Tensor> grad(const Tensor& output, std::initializer_list<Tensor> inputs, bool create_graph) {
  return grad(std::span(&output, 1), std::span(inputs.begin(), inputs.size()), {}, create_graph);
}

}  // namespace tenon
