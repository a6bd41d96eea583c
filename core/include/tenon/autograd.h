// Reverse-mode differentiation over a tape (Wengert list): each op on tensors that need gradients leaves a
// node with the gradient rule of each input, written in public ops, so that rules can be differentiated
// again.
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// While it lives, ops on this thread record nothing. Scopes nest.
class TENON_API NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool outer_;
};

/// Turns recording back on inside a NoGrad.
class TENON_API EnableGrad {
 public:
  EnableGrad();
  ~EnableGrad();
  EnableGrad(const EnableGrad&) = delete;
  EnableGrad& operator=(const EnableGrad&) = delete;

 private:
  bool outer_;
};

/// Whether ops on this thread record.
TENON_API bool grad_enabled();

/// Adds the gradient of sum_i <outputs[i], gradients[i]> to grad() of every leaf that needs it.
/// An undefined gradient stands for 1 and needs an output of one element. With `create_graph` the gradients
/// themselves can be differentiated; each leaf then holds, in its grad(), the tape that holds the leaf, and
/// none of it is freed before that grad() is replaced (zero_grad(), set_grad({})). grad() below makes no such
/// cycle. The tape stays: a second call adds again.
/// Throws AutogradError if an output has no history, ShapeError if a gradient does not fit.
TENON_API void backward(std::span<const Tensor> outputs, std::span<const Tensor> gradients,
                        bool create_graph = false);

/// The gradient of sum_i <outputs[i], gradients[i]> with respect to each of `inputs`, leaving all grad()
/// untouched. An input that the outputs do not depend on gets an undefined Tensor. Inputs need not be leaves.
TENON_API std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                                   std::span<const Tensor> gradients = {}, bool create_graph = false);
/// The same for one output of one element.
TENON_API std::vector<Tensor> grad(const Tensor& output, std::initializer_list<Tensor> inputs,
                                   bool create_graph = false);

namespace autograd {

class Node;

/// A tensor, or an undefined one, kept for the backward pass. get() throws AutogradError if its memory was
/// changed in place since.
class TENON_API Saved {
 public:
  Saved() = default;
  explicit Saved(Tensor tensor);
  [[nodiscard]] const Tensor& get() const;
  const Tensor& operator*() const { return get(); }

 private:
  Tensor tensor_;
  std::uint32_t version_ = 0;
};

/// The gradient with respect to one input: from the output's gradient and, where the op asked for it, the
/// output. It may have the broadcast shape or promoted dtype of the output; the engine sums and casts it to
/// the input's.
using Gradient = std::function<Tensor(const Tensor& gradient, const Tensor& output)>;

/// An input and its rule. The pointer is followed only during record().
struct Branch {
  const Tensor* input;
  Gradient gradient;
};

/// Whether an op on these tensors has to record.
TENON_API bool recording(std::span<const Tensor* const> inputs);
inline bool recording(std::initializer_list<const Tensor*> inputs) {
  return recording(std::span(inputs.begin(), inputs.size()));
}
/// Gives `output` its history. `save_output` keeps the output for the rules, without a cycle.
TENON_API void record(Tensor& output, std::string_view op, std::vector<Branch> branches,
                      bool save_output = false);

}  // namespace autograd

/// An op with a backward pass of one's own. Derive, then call apply(): forward() runs unrecorded and may keep
/// inputs and outputs with save(); backward() gets the outputs' gradients (undefined ones are given as zeros)
/// and returns one gradient per input, undefined for none. Written in public ops, backward() can be
/// differentiated again. An input may be undefined: an optional bias, say.
class TENON_API Function : public std::enable_shared_from_this<Function> {
 public:
  virtual ~Function() = default;
  [[nodiscard]] virtual std::string name() const { return "Function"; }
  virtual std::vector<Tensor> forward(std::span<const Tensor> inputs) = 0;
  virtual std::vector<Tensor> backward(std::span<const Tensor> gradients) = 0;

  /// Runs a Function, made with std::make_shared, on `inputs`. One Function serves one application: a second
  /// one throws AutogradError.
  static std::vector<Tensor> apply(const std::shared_ptr<Function>& function, std::span<const Tensor> inputs);
  static std::vector<Tensor> apply(const std::shared_ptr<Function>& function,
                                   std::initializer_list<Tensor> inputs) {
    return apply(function, std::span(inputs.begin(), inputs.size()));
  }

 protected:
  /// Keeps an input, or an output as forward() returns it, for backward(). To second derivatives anything else
  /// is a constant.
  void save(const Tensor& tensor) { saved_.push_back({autograd::Saved(tensor), {}}); }
  /// The i-th tensor that was saved, with its history.
  [[nodiscard]] Tensor saved(std::size_t i) const;

 private:
  struct Kept {
    autograd::Saved tensor;
    std::optional<std::size_t> output;  // which one it is, if it is one
  };
  std::vector<Kept> saved_;
  std::weak_ptr<autograd::Node> node_;  // weak: the node holds the Function
  bool applied_ = false;
};

}  // namespace tenon
