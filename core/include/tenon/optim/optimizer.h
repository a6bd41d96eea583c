// What optimizers have in common.
#pragma once

#include <tenon/device.h>
#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/tensor.h>

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace tenon::optim {

/// What an optimizer remembers between steps, by name: numbers ("learning_rate", "0.step") and tensors
/// ("0.momentum_buffer"), the leading number being the parameter's position.
struct OptimizerState {
  std::vector<std::pair<std::string, double>> numbers;
  std::vector<std::pair<std::string, Tensor>> tensors;
};

/// Changes parameters in place by their gradients. It keeps handles to the parameters, not copies. Not to be
/// used from several threads at once.
class TENON_API Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One step for each parameter that has a gradient, unrecorded.
  void step();
  /// Forgets the gradients of all parameters.
  void zero_grad() const;

  [[nodiscard]] double learning_rate() const { return learning_rate_; }
  /// Throws IndexError unless it is finite and not negative.
  void set_learning_rate(double learning_rate);
  [[nodiscard]] const std::vector<Tensor>& parameters() const { return parameters_; }

  /// The learning rate and what the steps so far left behind; the tensors are copies.
  [[nodiscard]] OptimizerState state_dict() const;
  /// Continues from such a state. Throws Error that lists every name that does not belong here and every
  /// tensor of a wrong shape; then nothing was changed.
  void load_state_dict(const OptimizerState& state);

 protected:
  /// Throws IndexError as set_learning_rate() does, Error on an undefined parameter, one given twice, or one
  /// that collects no gradient. `slots` names the tensors that update() keeps for each parameter.
  Optimizer(std::vector<Tensor> parameters, double learning_rate, std::vector<std::string> slots);

  /// The memory of one parameter: how many steps it took, and one tensor for each slot, undefined until
  /// update() makes it.
  struct Memory {
    std::int64_t step = 0;
    std::vector<Tensor> slots;
  };

  /// Applies the rule to one parameter. `memory.step` already counts this step.
  virtual void update(const Tensor& parameter, const Tensor& gradient, Memory& memory) = 0;

  /// A rank 0 tensor of the value, kept for the next use: making one costs as much as an op.
  const Tensor& number(double value, DType dtype);

 private:
  std::vector<Tensor> parameters_;
  std::vector<std::string> slot_names_;
  std::vector<Memory> memories_;
  double learning_rate_;
  std::map<std::tuple<DType, double, DeviceMemory*>, Tensor> numbers_;
};

}  // namespace tenon::optim
