#include <tenon/nn/module.h>

#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <typeinfo>
#include <unordered_set>

#include "../autograd/node.h"
#include "../dispatch/door.h"
#include "../dispatch/selection.h"
#include "../tensor_body.h"
#include "module_trace.h"

namespace tenon::nn {
namespace {

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : name.empty() ? prefix : prefix + "." + name;
}

// Every Module from `root` down once, parents first.
template <typename AnyModule>
void walk(AnyModule& root, const std::string& prefix, std::unordered_set<const Module*>& seen,
          std::vector<std::pair<std::string, AnyModule*>>& found) {
  if (!seen.insert(&root).second) return;
  found.emplace_back(prefix, &root);
  for (const auto& [name, child] : root.named_children()) {
    walk<AnyModule>(*child, joined(prefix, name), seen, found);
  }
}

template <typename AnyModule>
std::vector<std::pair<std::string, AnyModule*>> all_below(AnyModule& root) {
  std::unordered_set<const Module*> seen;
  std::vector<std::pair<std::string, AnyModule*>> found;
  walk(root, "", seen, found);
  return found;
}

}  // namespace

Tensor Module::operator()(const Tensor& x) {
  Tensor y;
  {
    const use_backend scope(backend_);
    y = forward(tenon::to(x, home(x)));
  }
  // On the host the surrounding choice would have it copied op by op.
  if (backend_.selection() != nullptr && y.device().is_host()) y = tenon::to(y, current_device());
  ModuleTrace::note(*this, y);
  return y;
}

// Where the input is wanted.
Device Module::home(const Tensor& x) const {
  if (const auto* scope = dispatch::scoped(); scope != nullptr) return Device(scope->memory());
  return parameters_.empty() ? x.device() : parameters_.front().tensor.device();
}

std::string Module::type_name() const {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? demangled.get() : typeid(*this).name();
  const std::size_t arguments = name.find('<');
  const std::size_t scope = name.rfind("::", arguments);
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

StateDict Module::collect(std::deque<NamedTensor> Module::*own, bool recurse) const {
  StateDict found;
  const auto modules =
      recurse ? all_below(*this) : std::vector<std::pair<std::string, const Module*>>{{"", this}};
  std::unordered_set<const TensorBody*> seen;
  for (const auto& [prefix, module] : modules) {
    for (const NamedTensor& named : module->*own) {
      if (seen.insert(&named.tensor.body()).second) {
        found.emplace_back(joined(prefix, named.name), named.tensor);
      }
    }
  }
  return found;
}

StateDict Module::named_parameters(bool recurse) const { return collect(&Module::parameters_, recurse); }
StateDict Module::named_buffers(bool recurse) const { return collect(&Module::buffers_, recurse); }

std::vector<Tensor> Module::parameters(bool recurse) const {
  std::vector<Tensor> found;
  for (auto& [name, tensor] : named_parameters(recurse)) found.push_back(std::move(tensor));
  return found;
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.size();
  return count;
}

std::vector<std::pair<std::string, std::shared_ptr<Module>>> Module::named_children() const {
  return children_;
}
std::vector<std::pair<std::string, Module*>> Module::named_modules() { return all_below(*this); }
std::vector<std::pair<std::string, const Module*>> Module::named_modules() const { return all_below(*this); }

Module& Module::get_module(std::string_view name) {
  std::string names;
  for (const auto& [known, module] : named_modules()) {
    if (known == name) return *module;
    if (!known.empty()) names += (names.empty() ? "" : ", ") + known;
  }
  throw IndexError(fmt::format("[get_module] {} has no module '{}'; it has: {}", type_name(), name, names));
}

Module& Module::train(bool training) {
  for (const auto& [name, module] : named_modules()) module->training_ = training;
  return *this;
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) {
    if (parameter.requires_grad()) parameter.set_grad({});
  }
}

void Module::set_requires_grad(bool requires_grad) const {
  for (const Tensor& parameter : parameters()) parameter.set_requires_grad(requires_grad);
}

Module& Module::to(const BackendChoice& backend) {
  struct Move {
    Tensor tensor;
    Tensor moved;
    Tensor gradient;
  };
  std::vector<Move> moves;
  // All copies first: a device that is full leaves everything as it was.
  if (backend.selection() != nullptr) {
    const Device device(backend.selection()->memory());
    for (const auto& tensors : {named_parameters(), named_buffers()}) {
      for (const auto& [name, tensor] : tensors) {
        if (tensor.device() == device) continue;
        const Tensor gradient = tensor.grad();
        moves.push_back({tensor, tenon::to(tensor.detach(), device),
                         gradient.defined() ? tenon::to(gradient, device) : Tensor()});
      }
    }
  }
  for (const auto& [tensor, moved, gradient] : moves) {
    TensorBody& body = tensor.body();
    moved.storage()->set_version(body.storage->version());
    body.storage = moved.storage();
    body.strides = moved.strides();
    body.offset = moved.offset();
    if (autograd::Leaf* leaf = body.edge ? body.edge.node()->leaf() : nullptr; leaf != nullptr) {
      leaf->move(moved.device(), gradient);
    }
  }
  for (const auto& [name, module] : named_modules()) module->backend_ = backend;
  return *this;
}

Module& Module::to(DType dtype) {
  if (!is_floating(dtype)) {
    throw DTypeError(fmt::format("[to] parameters are floating, not {}", name(dtype)));
  }
  std::vector<std::pair<Tensor, Tensor>> casts;  // so that a tensor registered twice stays one tensor
  const auto cast = [&](Tensor& tensor) {
    if (!is_floating(tensor.dtype()) || tensor.dtype() == dtype) return;
    const auto known = std::ranges::find_if(casts, [&](const auto& c) { return c.first.is_same(tensor); });
    if (known != casts.end()) {
      tensor = known->second;
      return;
    }
    const use_backend scope(dispatch::where_lies(tensor));
    const Tensor other = astype(tensor.detach(), dtype);
    if (tensor.requires_grad()) other.set_requires_grad();
    casts.emplace_back(tensor, other);
    tensor = other;
  };
  for (const auto& [name, module] : named_modules()) {
    for (NamedTensor& parameter : module->parameters_) cast(parameter.tensor);
    for (NamedTensor& buffer : module->buffers_) cast(buffer.tensor);
  }
  return *this;
}

void Module::check_name(std::string_view name) const {
  if (name.empty() || name.find('.') != std::string_view::npos) {
    throw Error(fmt::format("[register] {}: '{}' is no name: one may be neither empty nor have a dot",
                            type_name(), name));
  }
  const auto taken = [&](const auto& list, auto&& name_of) {
    return std::ranges::any_of(list, [&](const auto& entry) { return name_of(entry) == name; });
  };
  const auto of_tensor = [](const NamedTensor& entry) -> const std::string& { return entry.name; };
  const auto of_child = [](const auto& entry) -> const std::string& { return entry.first; };
  if (taken(parameters_, of_tensor) || taken(buffers_, of_tensor) || taken(children_, of_child)) {
    throw Error(fmt::format("[register] {}: '{}' is registered already", type_name(), name));
  }
}

Tensor& Module::register_parameter(std::string_view name, const Tensor& tensor) {
  check_name(name);
  if (!tensor.defined()) throw Error(fmt::format("[register] {}: '{}' is undefined", type_name(), name));
  tensor.set_requires_grad();
  return parameters_.emplace_back(NamedTensor{std::string(name), tensor}).tensor;
}

Tensor& Module::register_buffer(std::string_view name, const Tensor& tensor) {
  check_name(name);
  if (!tensor.defined()) throw Error(fmt::format("[register] {}: '{}' is undefined", type_name(), name));
  return buffers_.emplace_back(NamedTensor{std::string(name), tensor.detach()}).tensor;
}

void Module::add_child(std::string_view name, std::shared_ptr<Module> module) {
  check_name(name);
  if (module == nullptr) throw Error(fmt::format("[register] {}: '{}' is null", type_name(), name));
  for (const auto& [below, known] : module->named_modules()) {
    if (known == this) {
      throw Error(
          fmt::format("[register] {}: '{}' contains the Module it is to be part of", type_name(), name));
    }
  }
  children_.emplace_back(name, std::move(module));
}

}  // namespace tenon::nn
