#include <tenon/optim/optimizer.h>

#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../dispatch/door.h"
#include "range.h"

namespace tenon::optim {
namespace {

// More numbers than one step needs: beyond this they are those of past steps.
constexpr std::size_t kMostNumbers = 64;

}  // namespace

Optimizer::Optimizer(std::vector<Tensor> parameters, double learning_rate, std::vector<std::string> slots)
    : parameters_(std::move(parameters)),
      slot_names_(std::move(slots)),
      memories_(parameters_.size(), Memory{0, std::vector<Tensor>(slot_names_.size())}) {
  set_learning_rate(learning_rate);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = parameters_[i];
    if (!parameter.defined()) throw Error(fmt::format("[optim] parameter {} is undefined", i));
    if (!parameter.requires_grad()) {
      throw Error(fmt::format("[optim] parameter {} {} collects no gradient; call set_requires_grad()", i,
                              to_string(parameter.shape())));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (parameters_[j].is_same(parameter)) {
        throw Error(fmt::format("[optim] parameters {} and {} are the same tensor", j, i));
      }
    }
  }
}

void Optimizer::step() {
  const NoGrad no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor gradient = parameters_[i].grad();
    if (!gradient.defined()) continue;
    ++memories_[i].step;
    const use_backend scope(dispatch::beside(parameters_[i]));
    for (Tensor& slot : memories_[i].slots) {
      if (slot.defined()) slot = to(slot, parameters_[i].device());
    }
    update(parameters_[i], gradient, memories_[i]);
  }
}

void Optimizer::zero_grad() const {
  for (const Tensor& parameter : parameters_) parameter.set_grad({});
}

void Optimizer::set_learning_rate(double learning_rate) {
  check_not_negative("learning_rate", learning_rate);
  learning_rate_ = learning_rate;
}

const Tensor& Optimizer::number(double value, DType dtype) {
  const std::tuple key(dtype, value, current_device().memory());
  if (const auto found = numbers_.find(key); found != numbers_.end()) return found->second;
  if (numbers_.size() >= kMostNumbers) numbers_.clear();
  return numbers_.emplace(key, full({}, value, dtype)).first->second;
}

OptimizerState Optimizer::state_dict() const {
  const NoGrad no_grad;
  OptimizerState state;
  state.numbers.emplace_back("learning_rate", learning_rate_);
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    if (memories_[i].step == 0) continue;
    state.numbers.emplace_back(fmt::format("{}.step", i), static_cast<double>(memories_[i].step));
    for (std::size_t slot = 0; slot < slot_names_.size(); ++slot) {
      const Tensor& kept = memories_[i].slots[slot];
      if (kept.defined()) state.tensors.emplace_back(fmt::format("{}.{}", i, slot_names_[slot]), clone(kept));
    }
  }
  return state;
}

void Optimizer::load_state_dict(const OptimizerState& state) {
  const NoGrad no_grad;
  double learning_rate = learning_rate_;
  std::vector<Memory> memories(parameters_.size(), Memory{0, std::vector<Tensor>(slot_names_.size())});
  std::map<std::string, std::int64_t*> steps;
  std::map<std::string, std::pair<Tensor*, const Tensor*>> slots;  // and the parameter
  for (std::size_t i = 0; i < memories.size(); ++i) {
    steps.emplace(fmt::format("{}.step", i), &memories[i].step);
    for (std::size_t slot = 0; slot < slot_names_.size(); ++slot) {
      slots.emplace(fmt::format("{}.{}", i, slot_names_[slot]),
                    std::pair(&memories[i].slots[slot], &parameters_[i]));
    }
  }
  std::string faults;
  for (const auto& [name, value] : state.numbers) {
    const auto found = steps.find(name);
    if (name == "learning_rate" && std::isfinite(value) && value >= 0) {
      learning_rate = value;
    } else if (found == steps.end()) {
      faults += fmt::format("\n  {} {} does not belong here", name, value);
    } else if (!(value >= 0 && value < 0x1p53 && value == std::floor(value))) {
      faults += fmt::format("\n  {} {} is no number of steps", name, value);
    } else {
      *found->second = static_cast<std::int64_t>(value);
    }
  }
  for (const auto& [name, tensor] : state.tensors) {
    const auto found = slots.find(name);
    if (found == slots.end()) {
      faults += fmt::format("\n  {} does not belong here", name);
      continue;
    }
    const auto& [slot, parameter] = found->second;
    if (!tensor.defined() || tensor.shape() != parameter->shape() || !is_floating(tensor.dtype())) {
      faults += fmt::format(
          "\n  {} must be floating, {}, and is {}", name, to_string(parameter->shape()),
          !tensor.defined() ? "undefined"
                            : fmt::format("{} {}", tenon::name(tensor.dtype()), to_string(tensor.shape())));
      continue;
    }
    *slot = copy_(empty_like(*parameter), tensor);
  }
  if (!faults.empty()) throw Error("[load_state_dict] the state does not fit the optimizer:" + faults);
  learning_rate_ = learning_rate;
  memories_ = std::move(memories);
}

}  // namespace tenon::optim
