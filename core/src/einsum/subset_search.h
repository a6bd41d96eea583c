// The cheapest way to contract a few tensors in pairs, found exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "einsum/label_groups.h"

namespace tenon::contraction {

/// A label as the tensors of one subset search share it. Every label is carried by two or more of them or
/// kept.
struct SharedLabel {
  std::uint32_t carriers;  ///< bit i: tensor i carries it
  bool kept;               ///< the result of all carries it
  std::size_t group;       ///< which one of LabelGroups it is
  double extent;
  double log_extent;
};

/// Dynamic programming over all subsets S of n tensors: cost(S) is the least over its splits into A and B of
/// cost(A) + cost(B) + flops(A, B), and 3^n / 2 splits are looked at. Outer products are splits like any
/// other. An object keeps its tables between searches; it is for one thread.
class SubsetSearch {
 public:
  static constexpr std::size_t kMostTensors = 16;

  /// The cost of the cheapest tree: its operations, and what the limit adds for its intermediates, of which
  /// the result of all tensors is none. Infinity if the limit forbids every tree.
  double solve(std::size_t tensors, std::span<const SharedLabel> labels, const MemoryLimit& limit);

  /// After a solve() with a finite cost: one half of the cheapest split of a subset that the tree contains.
  std::uint32_t half_of(std::uint32_t subset) const { return entries_[subset].half; }

 private:
  struct Entry {
    double cost;
    double summed;         // the extents of all labels that are summed inside the subset, as a product
    std::uint32_t labels;  // how many these are
    std::uint32_t half;
  };

  template <typename Arithmetic>
  void tabulate(std::size_t tensors, std::span<const SharedLabel> labels);
  template <typename Arithmetic>
  double search(std::size_t tensors, std::span<const SharedLabel> labels, const MemoryLimit& limit);
  template <typename Arithmetic>
  void split(std::uint32_t subset, double touched);

  std::vector<Entry> entries_;
  std::vector<double> inside_;  // by subset: likewise, of all labels that no other tensor carries
};

}  // namespace tenon::contraction
