#include "node.h"

#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include "../dispatch/door.h"
#include "../tensor_body.h"

namespace tenon::autograd {
namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> number{0};
  return number.fetch_add(1, std::memory_order_relaxed);
}

// The nodes that this thread has let go of and not yet destroyed; null while none is being destroyed.
[[gnu::tls_model("initial-exec")]] thread_local std::vector<std::shared_ptr<Node>>* dying = nullptr;

}  // namespace

void release(std::shared_ptr<Node>&& node) noexcept {
  if (node.use_count() > 1) {
    node.reset();
  } else if (dying != nullptr) {
    dying->push_back(std::move(node));
  } else {
    std::vector<std::shared_ptr<Node>> queue;
    dying = &queue;
    node.reset();
    while (!queue.empty()) {
      const std::shared_ptr<Node> next = std::move(queue.back());
      queue.pop_back();
    }
    dying = nullptr;
  }
}

Node::Node(std::string name, std::vector<Input> inputs, std::size_t outputs, const BackendChoice& backend)
    : name_(std::move(name)),
      inputs_(std::move(inputs)),
      outputs_(outputs),
      number_(next_number()),
      backend_(backend) {}

void Leaf::accumulate(Tensor gradient) {
  const std::lock_guard lock(mutex_);
  if (gradient.device() != device_) gradient = to(gradient, device_);
  const use_backend scope(dispatch::where_lies(gradient));
  if (gradient_.defined()) {
    gradient_ = add(gradient_, gradient);
  } else {
    gradient_ = gradient.is_sole_owner() && gradient.is_contiguous() ? std::move(gradient) : clone(gradient);
  }
}

Tensor Leaf::gradient() const {
  const std::lock_guard lock(mutex_);
  return gradient_;
}

void Leaf::set_gradient(const Tensor& gradient) {
  const std::lock_guard lock(mutex_);
  gradient_ = gradient;
}

void Leaf::move(const Device& device, const Tensor& gradient) {
  const std::lock_guard lock(mutex_);
  device_ = device;
  gradient_ = gradient;
}

Node::Input input_of(const Tensor& x) {
  if (!x.defined()) return {};
  return {is_floating(x.dtype()) ? x.body().edge : Edge(), x.shape(), x.dtype(), x.device()};
}

Saved::Saved(Tensor tensor)
    : tensor_(std::move(tensor)), version_(tensor_.defined() ? tensor_.storage()->version() : 0) {}

const Tensor& Saved::get() const {
  if (tensor_.defined() && tensor_.storage()->version() != version_) {
    throw AutogradError(fmt::format(
        "a tensor {} {} that the backward pass needs was changed in place after the op that used it; "
        "change it later, or change a clone()",
        tenon::name(tensor_.dtype()), to_string(tensor_.shape())));
  }
  return tensor_;
}

}  // namespace tenon::autograd
