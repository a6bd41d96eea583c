// Module: parameters, buffers and other Modules under names, and a function of a tensor that uses them.
//
//   class Net : public nn::Module {
//    public:
//     Tensor forward(const Tensor& x) override { return (*fc2_)(relu((*fc1_)(x))); }
//
//    private:
//     std::shared_ptr<nn::Linear> fc1_ = register_module("fc1", std::make_shared<nn::Linear>(784, 50));
//     std::shared_ptr<nn::Linear> fc2_ = register_module("fc2", std::make_shared<nn::Linear>(50, 10));
//   };
#pragma once

#include <tenon/backend.h>
#include <tenon/export.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::nn {

/// Tensors under their dotted names ("fc1.weight"), in order.
using StateDict = std::vector<std::pair<std::string, Tensor>>;

/// Modules are held by std::shared_ptr. What is const may be called from several threads at once; a forward
/// too, if the layers' own forward() allows it (all but Dropout's draw in a certain order do).
class TENON_API Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// forward(x), run on the backend that to() chose, with x brought to where that works, or, if nothing is
  /// chosen, to where this Module's own parameters lie. Call this, not forward().
  Tensor operator()(const Tensor& x);

  /// The class's name without its namespace: "Linear".
  [[nodiscard]] virtual std::string type_name() const;
  /// What tells this instance from others of its class: "in_features=784, out_features=50, bias=True".
  [[nodiscard]] virtual std::string extra() const { return {}; }

  /// In the order of registration, this Module's before its children's; each tensor once. Without `recurse`
  /// only this Module's own.
  [[nodiscard]] StateDict named_parameters(bool recurse = true) const;
  [[nodiscard]] StateDict named_buffers(bool recurse = true) const;
  [[nodiscard]] std::vector<Tensor> parameters(bool recurse = true) const;
  /// The number of elements in parameters().
  [[nodiscard]] std::int64_t parameter_count() const;
  /// The children, in the order of registration.
  [[nodiscard]] std::vector<std::pair<std::string, std::shared_ptr<Module>>> named_children() const;
  /// This Module (under the name "") and all below it, each once, parents first. The pointers live as long as
  /// this Module.
  [[nodiscard]] std::vector<std::pair<std::string, Module*>> named_modules();
  [[nodiscard]] std::vector<std::pair<std::string, const Module*>> named_modules() const;
  /// The Module below this one with the dotted name `name`. Throws IndexError that lists the names.
  [[nodiscard]] Module& get_module(std::string_view name);

  /// Switches this Module and all below it to training (what they start with) or to evaluation.
  Module& train(bool training = true);
  Module& eval() { return train(false); }
  [[nodiscard]] bool is_training() const { return training_; }
  /// Forgets the gradients of all parameters.
  void zero_grad() const;
  /// Lets all parameters collect gradients or not.
  void set_requires_grad(bool requires_grad) const;

  /// Runs this Module and all below it on these backends, and moves parameters, their gradients and buffers to
  /// the memory of the first: they stay the same tensors to an optimizer, and views of them stay behind. A
  /// later call on a child overrides. An empty choice leaves it to what surrounds the call, and the memory as
  /// it is. The string form throws as BackendChoice does; OutOfMemory leaves all tensors where they were.
  Module& to(const BackendChoice& backend);
  Module& to(std::string_view backend) { return to(BackendChoice(backend)); }
  /// Casts the floating parameters and buffers. They become new tensors: make optimizers afterwards. Throws
  /// DTypeError unless `dtype` is floating.
  Module& to(DType dtype);
  [[nodiscard]] const BackendChoice& backend() const { return backend_; }

  /// Parameters and buffers by name, sharing their memory, without history. A tensor registered in two
  /// places is listed under both names.
  [[nodiscard]] StateDict state_dict() const;
  /// Copies values by name into the parameters and buffers, casting where both dtypes are floating.
  /// `strict` wants the names to be exactly those of state_dict(). Throws Error that lists every missing
  /// and unexpected name and every wrong shape or dtype; then nothing was changed.
  void load_state_dict(const StateDict& state, bool strict = true);

  /// A table for people: name, type, parameters and backend of each Module; totals.
  [[nodiscard]] std::string summary() const;
  /// The same with output shapes, which it learns from a forward pass of zeros, in evaluation mode and
  /// unrecorded. `input` includes the batch axis.
  [[nodiscard]] std::string summary(const Shape& input, DType dtype = DType::float32);

 protected:
  /// What the Module computes.
  virtual Tensor forward(const Tensor& x) = 0;

  /// Makes `tensor` a parameter, which collects a gradient. The reference stays valid and follows to(DType)
  /// and so is the one to keep. Throws Error on an undefined tensor, an empty name or one with a dot,
  /// or one that is taken; DTypeError if it is not floating.
  Tensor& register_parameter(std::string_view name, const Tensor& tensor);
  /// Makes `tensor` part of the state without a gradient. Otherwise as register_parameter(), of any dtype.
  Tensor& register_buffer(std::string_view name, const Tensor& tensor);
  /// Makes `module` a child and returns it. Throws Error on null, on a Module that contains this one, and on
  /// the names that register_parameter() refuses.
  template <typename T>
  std::shared_ptr<T> register_module(std::string_view name, std::shared_ptr<T> module) {
    add_child(name, module);
    return module;
  }

 private:
  struct NamedTensor {
    std::string name;
    Tensor tensor;
  };

  [[nodiscard]] Device home(const Tensor& x) const;
  void check_name(std::string_view name) const;
  void add_child(std::string_view name, std::shared_ptr<Module> module);
  [[nodiscard]] StateDict collect(std::deque<NamedTensor> Module::*own, bool recurse) const;
  void append_state(const std::string& prefix, StateDict& state) const;

  // A deque: registering more must not move what register_parameter() returned.
  std::deque<NamedTensor> parameters_;
  std::deque<NamedTensor> buffers_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children_;
  BackendChoice backend_;
  bool training_ = true;
};

}  // namespace tenon::nn
