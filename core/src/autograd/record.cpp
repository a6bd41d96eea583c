// Recording: what ops and Functions leave on the tape.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "../dispatch/door.h"
#include "../tensor_body.h"
#include "node.h"

namespace tenon {
namespace {

[[gnu::tls_model("initial-exec")]] thread_local bool enabled = true;

// One output, one rule per input.
class OpNode final : public autograd::Node {
 public:
  OpNode(std::string name, std::vector<Input> inputs, std::vector<autograd::Gradient> rules,
         const Tensor& output)
      : Node(std::move(name), std::move(inputs), 1, dispatch::beside(output)), rules_(std::move(rules)) {}

  void save_output(const Tensor& output) {
    output_ = autograd::Saved(output.detach());
    has_output_ = true;
  }

  std::vector<Tensor> backward(const std::vector<Tensor>& gradients) override {
    std::vector<Tensor> results(rules_.size());
    if (!gradients[0].defined()) return results;
    Tensor output;
    if (has_output_) {
      // Kept without history, to which it would belong itself; here it gets it back.
      output = output_.get().detach();
      output.body().edge = {shared_from_this(), 0};
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i]) results[i] = rules_[i](gradients[0], output);
    }
    return results;
  }

 private:
  std::vector<autograd::Gradient> rules_;  // empty where no gradient is wanted
  autograd::Saved output_;
  bool has_output_ = false;
};

class FunctionNode final : public autograd::Node {
 public:
  FunctionNode(std::shared_ptr<Function> function, std::vector<Input> inputs, std::vector<Input> outputs,
               const BackendChoice& backend)
      : Node(function->name(), std::move(inputs), outputs.size(), backend),
        function_(std::move(function)),
        output_forms_(std::move(outputs)) {}

  std::vector<Tensor> backward(const std::vector<Tensor>& gradients) override {
    std::vector<Tensor> filled = gradients;
    for (std::size_t i = 0; i < filled.size(); ++i) {
      if (filled[i].defined()) continue;
      const Input& form = output_forms_[i];
      filled[i] = to(zeros(form.shape, form.dtype), form.device);
    }
    std::vector<Tensor> results = function_->backward(filled);
    if (results.size() != inputs().size()) {
      throw AutogradError(fmt::format("[{}] backward() returned {} gradients for {} inputs", name(),
                                      results.size(), inputs().size()));
    }
    return results;
  }

 private:
  std::shared_ptr<Function> function_;
  std::vector<Input> output_forms_;
};

}  // namespace

NoGrad::NoGrad() : outer_(enabled) { enabled = false; }
NoGrad::~NoGrad() { enabled = outer_; }
EnableGrad::EnableGrad() : outer_(enabled) { enabled = true; }
EnableGrad::~EnableGrad() { enabled = outer_; }
bool grad_enabled() { return enabled; }

namespace autograd {

bool recording(std::span<const Tensor* const> inputs) {
  if (!enabled) return false;
  for (const Tensor* input : inputs) {
    if (!input->defined())
      throw Error("an undefined tensor was used; it was default-made and never assigned");
    if (input->body().edge) return true;
  }
  return false;
}

void record(Tensor& output, std::string_view op, std::vector<Branch> branches, bool save_output) {
  std::vector<Node::Input> inputs;
  std::vector<Gradient> rules;
  for (Branch& branch : branches) {
    inputs.push_back(input_of(*branch.input));
    rules.push_back(inputs.back().edge ? std::move(branch.gradient) : Gradient());
  }
  auto node = std::make_shared<OpNode>(std::string(op), std::move(inputs), std::move(rules), output);
  if (save_output) node->save_output(output);
  output.body().edge = {std::move(node), 0};
}

}  // namespace autograd

std::vector<Tensor> Function::apply(const std::shared_ptr<Function>& function,
                                    std::span<const Tensor> inputs) {
  if (std::exchange(function->applied_, true)) {
    throw AutogradError(fmt::format(
        "[{}] applied a second time; what it saved belongs to the first. Make a new one for each application",
        function->name()));
  }
  std::vector<Tensor> outputs;
  {
    const NoGrad no_grad;
    outputs = function->forward(inputs);
  }
  std::vector<autograd::Node::Input> froms;
  bool wanted = false;
  for (const Tensor& input : inputs) {
    froms.push_back(autograd::input_of(input));
    wanted |= static_cast<bool>(froms.back().edge);
  }
  if (!enabled || !wanted) return outputs;
  for (Kept& kept : function->saved_) {
    const auto same = [&](const Tensor& x) { return x.defined() && &x.body() == &kept.tensor.get().body(); };
    if (!kept.tensor.get().defined() || std::ranges::any_of(inputs, same)) continue;
    const auto output = std::ranges::find_if(outputs, same);
    if (output != outputs.end()) kept.output = static_cast<std::size_t>(output - outputs.begin());
  }
  std::vector<autograd::Node::Input> forms;
  for (Tensor& output : outputs) {
    // An input handed through must not lose its own history, a saved output must not hold the node.
    output = output.detach();
    forms.push_back({{}, output.shape(), output.dtype(), output.device()});
  }
  const auto node =
      std::make_shared<FunctionNode>(function, std::move(froms), std::move(forms),
                                     outputs.empty() ? BackendChoice() : dispatch::beside(outputs[0]));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (is_floating(outputs[i].dtype())) outputs[i].body().edge = {node, i};
  }
  function->node_ = node;
  return outputs;
}

Tensor Function::saved(std::size_t i) const {
  const Kept& kept = saved_.at(i);
  if (!kept.output) return kept.tensor.get();
  Tensor output = kept.tensor.get().detach();
  if (is_floating(output.dtype())) output.body().edge = {node_.lock(), *kept.output};
  return output;
}

}  // namespace tenon
