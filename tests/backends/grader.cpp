#include "grader.h"

#include <cstdio>

#include "floating_point_environment.h"

namespace tenon::conformance {
namespace {

constexpr std::size_t kMessagesKept = 12;

/// A trial's frame with the arrays that it points to.
class Frame {
 public:
  Frame(const Trial& trial, DLDevice device) {
    for (const Operand* const input : trial.inputs) inputs_.push_back(input->tensor());
    output_ = trial.output->tensor();
    for (DLTensor& input : inputs_) input.device = device;
    output_.device = device;
    call_.struct_size = sizeof(call_);
    call_.op = trial.op;
    call_.num_inputs = static_cast<std::uint32_t>(inputs_.size());
    call_.num_outputs = 1;
    call_.inputs = inputs_.data();
    call_.outputs = &output_;
    call_.attributes = trial.attributes;
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  [[nodiscard]] const tenon_call& call() const { return call_; }
  void drop_data() {
    for (DLTensor& input : inputs_) input.data = nullptr;
    output_.data = nullptr;
  }

 private:
  std::vector<DLTensor> inputs_;
  DLTensor output_{};
  tenon_call call_{};
};

std::vector<Operand*> operands_of(const Trial& trial) {
  std::vector<Operand*> operands = trial.inputs;
  operands.push_back(trial.output);
  return operands;
}

std::string describe(const Trial& trial) {
  std::string text;
  for (const Operand* const input : trial.inputs) text += "\n    in  " + input->describe();
  return text + "\n    out " + trial.output->describe();
}

}  // namespace

void Grader::grade(const Trial& trial, const std::vector<Expected>& expected) {
  ++calls_;
  const Frame frame(trial, plugin_->properties().device);
  trial.output->seal();
  for (Operand* const input : trial.inputs) input->seal();
  PlacedCall placed(*plugin_, frame.call(), operands_of(trial));
  if (run_watched(trial, placed) == Ran::no) return;
  judge(trial, expected);

  const std::vector<std::byte> first = trial.output->image();
  trial.output->restore();
  const FloatingPointEnvironment environment;
  const tenon_status again = placed.run_again(*trial.output);
  (void)environment.restore();  // already judged
  if (again != TENON_OK || trial.output->image() != first) fail(trial, "a second run gives other bytes");
  for (const std::string& misuse : host::take_misuse()) fail(trial, misuse);
}

Grader::Ran Grader::run_watched(const Trial& trial, PlacedCall& placed) {
  Frame without_data(trial, plugin_->properties().device);
  without_data.drop_data();
  const FloatingPointEnvironment environment;
  const bool supported = placed.supported();
  if ((plugin_->supports(without_data.call()) != 0) != supported) {
    fail(trial, "supports() answers differently without data pointers");
  }
  const tenon_status status = placed.run();
  if (const std::string difference = environment.restore(); !difference.empty()) {
    fail(trial, "left another floating-point environment:" + difference);
  }
  const std::string error = host::take_error();
  if (supported != (status != TENON_UNSUPPORTED)) {
    fail(trial, "supports() says " + std::to_string(supported) + ", run() returns " + std::to_string(status));
  }
  for (const Operand* const input : trial.inputs) {
    if (input != trial.output && input->changed()) fail(trial, "changed an input: " + input->describe());
  }
  if (status == TENON_UNSUPPORTED) {
    ++unsupported_;
    if (trial.output->changed()) fail(trial, "touched the output of an unsupported call");
    if (plugin_->coverage() == Coverage::complete) fail(trial, "unsupported");
    return Ran::no;
  }
  if (status != TENON_OK) {
    fail(trial, "status " + std::to_string(status) + ": " + error);
    return Ran::no;
  }
  if (const std::string trespass = trial.output->trespass(); !trespass.empty()) fail(trial, trespass);
  return Ran::ok;
}

void Grader::judge(const Trial& trial, const std::vector<Expected>& expected) {
  const DType dtype = trial.output->dtype();
  if (static_cast<std::int64_t>(expected.size()) != trial.output->size()) {
    fail(trial, "the case expects " + std::to_string(expected.size()) + " elements");
    return;
  }
  std::int64_t wrong = 0;
  std::string first;
  for (std::int64_t i = 0; i < trial.output->size(); ++i) {
    const Expected& wanted = expected[static_cast<std::size_t>(i)];
    const Real got = trial.output->at(i);
    if (accepts_zero(dtype, wanted)) ++zero_would_pass_;
    if (accepts(dtype, got, wanted)) continue;
    if (wrong++ == 0) {
      first = trial.output->index_text(i) + " " + explain(dtype, got, wanted);
      const bool elementwise =
          trial.op != TENON_OP_REDUCE && trial.op != TENON_OP_MATMUL && trial.op != TENON_OP_EINSUM;
      if (trial.inputs.size() <= 3 && elementwise) {
        for (const Operand* const input : trial.inputs) {
          if (input == trial.output || input->size() != trial.output->size()) continue;
          char text[64];
          std::snprintf(text, sizeof(text), ", from %.17Lg (%La)", input->at(i), input->at(i));
          first += text;
        }
      }
    }
  }
  elements_ += trial.output->size();
  if (wrong != 0) {
    fail(trial,
         std::to_string(wrong) + " of " + std::to_string(expected.size()) + " wrong, first at " + first);
  }
}

void Grader::grade_invalid(const Trial& trial) {
  ++calls_;
  const Frame frame(trial, plugin_->properties().device);
  trial.output->seal();
  for (Operand* const input : trial.inputs) input->seal();
  host::take_error();
  const tenon_status status = run_call(*plugin_, frame.call(), operands_of(trial));
  const std::string error = host::take_error();
  if (trial.output->changed()) fail(trial, "touched the output of an invalid call");
  if (status == TENON_UNSUPPORTED && plugin_->coverage() == Coverage::partial) {
    ++unsupported_;
    return;
  }
  ++elements_;
  if (status != TENON_INVALID) {
    fail(trial, "status " + std::to_string(status) + " for wrong data, want TENON_INVALID");
  } else if (error.empty()) {
    fail(trial, "TENON_INVALID without a message");
  }
}

void Grader::grade_unknown(const tenon_call& call, const std::string& name,
                           const std::vector<Operand*>& inputs, Operand& output) {
  ++calls_;
  ++elements_;
  output.seal();
  std::vector<Operand*> operands = inputs;
  operands.push_back(&output);
  PlacedCall placed(*plugin_, call, operands);
  if (placed.supported()) fail(name + ": supports() says 1");
  const tenon_status status = placed.run();
  host::take_error();
  if (status != TENON_UNSUPPORTED) {
    fail(name + ": run() returns " + std::to_string(status) + ", want TENON_UNSUPPORTED");
  }
  if (output.changed()) fail(name + ": touched the output");
}

void Grader::fail(const Trial& trial, const std::string& text) {
  if (messages_.size() < kMessagesKept) {
    fail(trial.name + ": " + text + describe(trial));
  } else {
    ++failures_;
  }
}

void Grader::fail(const std::string& text) {
  ++failures_;
  if (messages_.size() < kMessagesKept) messages_.push_back(text);
}

void Grader::verdict(std::int64_t elements, const std::string& text) {
  elements_ += elements;
  if (!text.empty()) fail(text);
}

void Grader::absorb(const Grader& other) {
  calls_ += other.calls_;
  unsupported_ += other.unsupported_;
  elements_ += other.elements_;
  zero_would_pass_ += other.zero_would_pass_;
  failures_ += other.failures_;
  for (const std::string& message : other.messages_) {
    if (messages_.size() < kMessagesKept) messages_.push_back(message);
  }
}

bool Grader::passed(bool zeros_expected) const {
  return failures_ == 0 && elements_ > 0 && (zeros_expected || 2 * zero_would_pass_ <= elements_);
}

std::string Grader::report(bool zeros_expected) const {
  std::string text = std::to_string(calls_) + " calls, " + std::to_string(unsupported_) + " unsupported, " +
                     std::to_string(elements_) + " elements judged, " + std::to_string(failures_) +
                     " failures";
  if (elements_ == 0) text += "\n  nothing was judged";
  if (!zeros_expected && 2 * zero_would_pass_ > elements_) {
    text += "\n  zeros would pass for " + std::to_string(zero_would_pass_) + " elements";
  }
  for (const std::string& message : messages_) text += "\n  " + message;
  return text;
}

}  // namespace tenon::conformance
