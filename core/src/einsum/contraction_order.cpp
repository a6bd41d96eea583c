#include "einsum/contraction_order.h"

#include <algorithm>
#include <utility>

#include "einsum/contraction_tree.h"
#include "einsum/greedy_search.h"
#include "einsum/label_groups.h"
#include "einsum/random_numbers.h"
#include "einsum/subset_search.h"
#include "einsum/tree_refinement.h"

namespace tenon::contraction {
namespace {

/// One operand after another.
ContractionTree in_sequence(const LabelGroups& groups, const MemoryLimit& limit) {
  Pairs pairs;
  for (std::size_t i = 1; i < groups.operands(); ++i) {
    pairs.emplace_back(i == 1 ? 0 : groups.operands() + i - 2, i);
  }
  return {groups, limit, pairs};
}

ContractionTree search_exactly(const LabelGroups& groups, const MemoryLimit& limit) {
  ContractionTree tree = in_sequence(groups, limit);
  SubsetSearch search;
  optimize(tree, search);
  return tree;
}

/// Many greedy orders, each refined in small subtrees until several in a row have brought nothing better;
/// then the few best in larger ones. The numbers are where more work has stopped to pay on chains, stars,
/// rings, grids, tree networks and random networks of 13 to 60 operands.
ContractionTree search_at_random(const LabelGroups& groups, const MemoryLimit& limit) {
  constexpr std::size_t kPatience = 32;
  constexpr std::size_t kFinalists = 4;
  constexpr std::size_t kSmall = 6;
  constexpr std::size_t kMedium = 8;
  constexpr std::size_t kLarge = 10;
  // A start takes time of the order of the square of the operands: seconds for several thousand.
  constexpr std::size_t kMany = 1000;
  const std::size_t starts =
      groups.operands() > kMany ? 1 : std::clamp<std::size_t>(4000 / groups.operands(), 4, 96);

  SubsetSearch search;
  RandomNumbers random(1);
  std::vector<ContractionTree> finalists;  // the best first
  std::size_t last_gain = 0;
  for (std::size_t start = 0; start < starts && start - last_gain < kPatience; ++start) {
    GreedyRule rule;
    if (start > 0) rule = {0.3 + 1.2 * random.uniform(), 2 * random.uniform()};
    ContractionTree tree(groups, limit, find_greedily(groups, limit, rule, random));
    refine(tree, kSmall, search);
    const auto place = std::ranges::upper_bound(finalists, tree.cost(), {}, &ContractionTree::cost);
    if (place == finalists.begin()) last_gain = start;
    finalists.insert(place, std::move(tree));
    if (finalists.size() > kFinalists) finalists.pop_back();
  }
  for (ContractionTree& tree : finalists) refine(tree, kMedium, search);
  ContractionTree& best = *std::ranges::min_element(finalists, {}, &ContractionTree::cost);
  refine(best, kLarge, search);
  return std::move(best);
}

/// More than any operations that the limit could save, so that fewer elements over the limit are always
/// better.
constexpr double kPenalty = 0x1p100;

}  // namespace

std::optional<ContractionOrder> find_order(const Network& network, std::optional<double> memory_limit) {
  const LabelGroups groups(network);
  MemoryLimit limit;
  if (memory_limit) limit.elements = *memory_limit;
  const bool exact = groups.operands() <= kMostExact;
  if (!exact) limit.penalty = kPenalty;
  const ContractionTree tree = exact ? search_exactly(groups, limit) : search_at_random(groups, limit);
  ContractionOrder order{tree.pairs(), tree.flops(), tree.largest_intermediate()};
  if (memory_limit && !(order.largest <= *memory_limit)) return std::nullopt;
  return order;
}

}  // namespace tenon::contraction
