#include "einsum/tree_refinement.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace tenon::contraction {
namespace {

using Crown = ContractionTree::Crown;

/// Opens the contraction that costs most until there are enough tensors.
Crown costliest_crown(const ContractionTree& tree, std::size_t top, std::size_t most) {
  const auto cost = [&](std::size_t node) { return tree.is_leaf(node) ? -1 : tree.flops(node); };
  Crown crown{{}, {top}};
  while (crown.tensors.size() < most) {
    const auto costliest = std::ranges::max_element(crown.tensors, {}, cost);
    if (tree.is_leaf(*costliest)) break;
    crown.contractions.push_back(*costliest);
    const auto [left, right] = tree.children(*costliest);
    *costliest = left;
    crown.tensors.push_back(right);
  }
  return crown;
}

/// Opens level by level.
Crown nearest_crown(const ContractionTree& tree, std::size_t top, std::size_t most) {
  Crown crown{{}, {top}};
  for (std::size_t next = 0; next < crown.tensors.size() && crown.tensors.size() < most;) {
    const std::size_t node = crown.tensors[next];
    if (tree.is_leaf(node)) {
      ++next;
      continue;
    }
    crown.contractions.push_back(node);
    const auto [left, right] = tree.children(node);
    crown.tensors.erase(crown.tensors.begin() + static_cast<std::ptrdiff_t>(next));
    crown.tensors.insert(crown.tensors.end(), {left, right});
  }
  return crown;
}

/// The latest change to any node of a crown.
std::uint64_t version(const ContractionTree& tree, const Crown& crown) {
  std::uint64_t latest = 0;
  for (const std::size_t node : crown.contractions) latest = std::max(latest, tree.version(node));
  for (const std::size_t node : crown.tensors) latest = std::max(latest, tree.version(node));
  return latest;
}

}  // namespace

void optimize(ContractionTree& tree, SubsetSearch& search) {
  const Crown crown = nearest_crown(tree, tree.root(), tree.leaves());
  if (crown.tensors.size() > 2) tree.improve(crown, search);
}

void refine(ContractionTree& tree, std::size_t most, SubsetSearch& search) {
  constexpr std::array kShapes = {costliest_crown, nearest_crown};
  std::array<std::vector<std::uint64_t>, kShapes.size()> seen;  // by top: the version that was not improved
  for (auto& versions : seen) versions.resize(tree.root() + 1);
  for (bool improved = true; improved;) {
    improved = false;
    for (std::size_t shape = 0; shape < kShapes.size(); ++shape) {
      for (std::size_t top = tree.leaves(); top <= tree.root(); ++top) {
        const Crown crown = kShapes[shape](tree, top, most);
        if (crown.tensors.size() < 3 || version(tree, crown) <= seen[shape][top]) continue;
        improved |= tree.improve(crown, search);
        seen[shape][top] = version(tree, crown);
      }
    }
  }
}

}  // namespace tenon::contraction
