// How tensors and nodes refer to nodes.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace tenon::autograd {

class Node;

/// Drops a reference; nodes that die of it are destroyed one after the other, never recursively, so that a
/// tape of a million ops does not overflow the stack.
void release(std::shared_ptr<Node>&& node) noexcept;

/// One output of a node: where a gradient is sent.
class Edge {
 public:
  Edge() = default;
  Edge(std::shared_ptr<Node> node, std::size_t slot) : node_(std::move(node)), slot_(slot) {}
  Edge(const Edge&) = default;
  Edge(Edge&&) = default;
  Edge& operator=(Edge other) noexcept {
    std::swap(node_, other.node_);
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~Edge() {
    if (node_ != nullptr) release(std::move(node_));
  }

  [[nodiscard]] const std::shared_ptr<Node>& node() const { return node_; }
  [[nodiscard]] std::size_t slot() const { return slot_; }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  std::shared_ptr<Node> node_;
  std::size_t slot_ = 0;
};

}  // namespace tenon::autograd
