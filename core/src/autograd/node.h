// The tape's nodes.
#pragma once

#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/device.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "autograd/edge.h"

namespace tenon::autograd {

class Leaf;

/// One recorded op. Immutable once made, so that several threads may run backward over it.
class Node : public std::enable_shared_from_this<Node> {
 public:
  /// Where the gradient of one input goes, and in which form it must arrive.
  struct Input {
    Edge edge;  // empty: no gradient wanted
    Shape shape;
    DType dtype = DType::float32;
    Device device;
  };

  /// `backend` is where backward() runs.
  Node(std::string name, std::vector<Input> inputs, std::size_t outputs, const BackendChoice& backend);
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Gradients of the inputs from those of the outputs (undefined: zero). An undefined result is zero.
  virtual std::vector<Tensor> backward(const std::vector<Tensor>& gradients) = 0;
  virtual Leaf* leaf() { return nullptr; }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Input>& inputs() const { return inputs_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }
  /// Grows with time: a node's number is larger than those of the nodes it depends on.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const BackendChoice& backend() const { return backend_; }

 private:
  std::string name_;
  std::vector<Input> inputs_;
  std::size_t outputs_;
  std::uint64_t number_;
  BackendChoice backend_;
};

/// Where the tape begins: collects the gradient of a tensor that no op computed.
class Leaf final : public Node {
 public:
  Leaf(const Shape& shape, DType dtype, const Device& device)
      : Node("leaf", {}, 1, {}), shape_(shape), dtype_(dtype), device_(device) {}
  std::vector<Tensor> backward(const std::vector<Tensor>&) override { return {}; }
  Leaf* leaf() override { return this; }

  /// Adds, in the tensor's memory; what is kept shares no memory with any other tensor.
  void accumulate(Tensor gradient);
  [[nodiscard]] Tensor gradient() const;
  void set_gradient(const Tensor& gradient);
  /// The tensor went to another memory, and its gradient with it.
  void move(const Device& device, const Tensor& gradient);
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] DType dtype() const { return dtype_; }

 private:
  mutable std::mutex mutex_;
  Tensor gradient_;
  Shape shape_;
  DType dtype_;
  Device device_;
};

/// What an Input says of a tensor; an undefined one wants no gradient.
Node::Input input_of(const Tensor& x);

}  // namespace tenon::autograd
