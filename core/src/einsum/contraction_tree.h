// A binary tree of contractions that can be changed piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "einsum/label_groups.h"
#include "einsum/subset_search.h"

namespace tenon::contraction {

/// Numbered as in ContractionOrder::pairs.
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

class ContractionTree {
 public:
  /// The upper part of a subtree: contractions, the topmost first, and the nodes that they contract in the
  /// end.
  struct Crown {
    std::vector<std::size_t> contractions;
    std::vector<std::size_t> tensors;
  };

  /// The groups must outlive the tree and every copy of it.
  ContractionTree(const LabelGroups& groups, const MemoryLimit& limit, const Pairs& pairs);

  /// Operations of all contractions and what the limit adds for their results, at most kMostCost each.
  double cost() const;
  /// Operations of all contractions, infinity if they are too many to count.
  double flops() const;
  /// Elements of the largest intermediate, 0 if there is none.
  double largest_intermediate() const;
  Pairs pairs() const;

  std::size_t leaves() const { return groups_->operands(); }
  std::size_t root() const { return nodes_.size() - 1; }
  bool is_leaf(std::size_t node) const { return node < leaves(); }
  /// The children of a node that is no leaf.
  std::pair<std::size_t, std::size_t> children(std::size_t node) const {
    return {nodes_[node].left, nodes_[node].right};
  }
  double flops(std::size_t node) const { return nodes_[node].flops; }

  /// Grows with each change of the node.
  std::uint64_t version(std::size_t node) const { return nodes_[node].version; }

  /// Looks for the cheapest way to contract the tensors of a crown, and gives the crown that shape if it is
  /// cheaper than the present one. Returns whether it is.
  bool improve(const Crown& crown, SubsetSearch& search);

 private:
  struct Node {
    std::size_t left = 0;
    std::size_t right = 0;
    double flops = 0;
    double excess = 0;
    std::uint64_t version = 0;
  };

  /// Makes a node the contraction of two others; its own groups must be in place.
  void join(std::size_t node, std::size_t left, std::size_t right);

  std::vector<SharedLabel> shared_labels(const Crown& crown) const;
  /// Builds what `search` found for a subset of the tensors; `numbers` are free for its contractions.
  std::size_t rebuild(std::uint32_t subset, std::span<const std::size_t> tensors,
                      std::span<const SharedLabel> labels, const SubsetSearch& search,
                      std::vector<std::size_t>& numbers);

  std::span<std::uint64_t> carried(std::size_t node) {
    return std::span(bits_).subspan(node * words_, words_);
  }
  GroupSet carried(std::size_t node) const { return GroupSet(bits_).subspan(node * words_, words_); }

  const LabelGroups* groups_;
  MemoryLimit limit_;
  std::size_t words_;
  std::uint64_t changes_ = 0;
  std::vector<Node> nodes_;          // the leaves, then the contractions; the root is the last
  std::vector<std::uint64_t> bits_;  // a row for each node: the groups that it carries
};

}  // namespace tenon::contraction
