// A Module's values: out and in again.
#include <tenon/autograd.h>
#include <tenon/error.h>
#include <tenon/nn/module.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <map>

namespace tenon::nn {

void Module::append_state(const std::string& prefix, StateDict& state) const {
  for (const auto* list : {&parameters_, &buffers_}) {
    for (const NamedTensor& named : *list) state.emplace_back(prefix + named.name, named.tensor.detach());
  }
  for (const auto& [name, child] : children_) child->append_state(prefix + name + ".", state);
}

StateDict Module::state_dict() const {
  StateDict state;
  append_state("", state);
  return state;
}

void Module::load_state_dict(const StateDict& state, bool strict) {
  std::map<std::string, Tensor> own;
  std::string faults;
  for (const auto& [name, tensor] : state_dict()) own.emplace(name, tensor);
  std::map<std::string, Tensor> given;
  for (const auto& [name, tensor] : state) {
    if (!given.emplace(name, tensor).second) faults += fmt::format("\n  {} is given twice", name);
    const auto found = own.find(name);
    if (found == own.end()) {
      if (strict) faults += fmt::format("\n  {} is unexpected", name);
    } else if (!tensor.defined()) {
      faults += fmt::format("\n  {} is undefined", name);
    } else {
      const Tensor& target = found->second;
      if (tensor.shape() != target.shape()) {
        faults += fmt::format("\n  {} is {}, must be {}", name, to_string(tensor.shape()),
                              to_string(target.shape()));
      }
      const bool casts = is_floating(tensor.dtype()) && is_floating(target.dtype());
      if (tensor.dtype() != target.dtype() && !casts) {
        faults += fmt::format("\n  {} is {}, must be {}", name, tenon::name(tensor.dtype()),
                              tenon::name(target.dtype()));
      }
    }
  }
  for (const auto& [name, tensor] : own) {
    if (strict && !given.contains(name)) faults += fmt::format("\n  {} is missing", name);
  }
  if (!faults.empty()) {
    throw Error(fmt::format("[load_state_dict] the state does not fit {}:{}", type_name(), faults));
  }
  const NoGrad no_grad;
  for (const auto& [name, tensor] : given) {
    const auto found = own.find(name);
    if (found != own.end()) copy_(found->second, tensor);
  }
}

}  // namespace tenon::nn
