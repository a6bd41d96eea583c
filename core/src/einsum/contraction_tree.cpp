#include "einsum/contraction_tree.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tenon::contraction {

ContractionTree::ContractionTree(const LabelGroups& groups, const MemoryLimit& limit, const Pairs& pairs)
    : groups_(&groups),
      limit_(limit),
      words_(groups.words()),
      nodes_(groups.operands() + pairs.size()),
      bits_(nodes_.size() * words_) {
  // How many of the tensors that there are now, and the output, carry a group.
  std::vector<std::size_t> carriers(words_ * 64);
  for (std::size_t i = 0; i < leaves(); ++i) {
    std::ranges::copy(groups.operand(i), carried(i).begin());
    for_each_group(carried(i), [&](std::size_t group) { ++carriers[group]; });
  }
  for_each_group(groups.output(), [&](std::size_t group) { ++carriers[group]; });
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::size_t node = leaves() + i;
    const auto [left, right] = pairs[i];
    for (std::size_t word = 0; word < words_; ++word) {
      carried(node)[word] = carried(left)[word] | carried(right)[word];
      const std::uint64_t both = carried(left)[word] & carried(right)[word];
      for_each_group({&both, 1}, [&](std::size_t group) { --carriers[word * 64 + group]; });
    }
    for_each_group(carried(node), [&](std::size_t group) {
      if (carriers[group] == 1) carried(node)[group / 64] &= ~(std::uint64_t{1} << (group % 64));
    });
    join(node, left, right);
  }
}

void ContractionTree::join(std::size_t node, std::size_t left, std::size_t right) {
  const double elements = groups_->elements_of_union(carried(left), carried(right));
  bool summed = false;
  for (std::size_t word = 0; word < words_; ++word) {
    summed |= (carried(left)[word] | carried(right)[word]) != carried(node)[word];
  }
  nodes_[node] = {left, right, summed ? 2 * elements : elements, 0, ++changes_};
  if (limit_.is_set() && node != root())
    nodes_[node].excess = limit_.excess(groups_->elements(carried(node)));
}

double ContractionTree::cost() const {
  double sum = 0;
  for (const Node& node : nodes_) sum += std::min(node.flops, kMostCost) + node.excess;
  return sum;
}

double ContractionTree::flops() const {
  double sum = 0;
  for (const Node& node : nodes_) sum += node.flops;
  return sum;
}

double ContractionTree::largest_intermediate() const {
  double largest = 0;
  for (std::size_t node = leaves(); node < root(); ++node) {
    largest = std::max(largest, groups_->elements(carried(node)));
  }
  return largest;
}

Pairs ContractionTree::pairs() const {
  // Children before parents: the reverse of an order that visits parents first.
  std::vector<std::size_t> parents_first;
  std::vector<std::size_t> open = {root()};
  while (!open.empty()) {
    const std::size_t node = open.back();
    open.pop_back();
    if (is_leaf(node)) continue;
    parents_first.push_back(node);
    open.push_back(nodes_[node].left);
    open.push_back(nodes_[node].right);
  }
  std::vector<std::size_t> numbers(nodes_.size());
  for (std::size_t i = 0; i < leaves(); ++i) numbers[i] = i;
  Pairs pairs;
  for (std::size_t i = parents_first.size(); i-- > 0;) {
    const Node& node = nodes_[parents_first[i]];
    numbers[parents_first[i]] = leaves() + pairs.size();
    pairs.emplace_back(std::min(numbers[node.left], numbers[node.right]),
                       std::max(numbers[node.left], numbers[node.right]));
  }
  return pairs;
}

std::vector<SharedLabel> ContractionTree::shared_labels(const Crown& crown) const {
  std::vector<SharedLabel> labels;
  for (std::size_t word = 0; word < words_; ++word) {
    std::uint64_t all = 0;
    for (const std::size_t tensor : crown.tensors) all |= carried(tensor)[word];
    for (; all != 0; all &= all - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(all));
      const auto has = [&](std::size_t tensor) {
        return static_cast<std::uint32_t>(carried(tensor)[word] >> bit & 1);
      };
      std::uint32_t carriers = 0;
      for (std::size_t i = 0; i < crown.tensors.size(); ++i) carriers |= has(crown.tensors[i]) << i;
      const std::size_t group = word * 64 + bit;
      labels.push_back({carriers, has(crown.contractions.front()) != 0, group, groups_->extent(group),
                        groups_->log_extent(group)});
    }
  }
  return labels;
}

std::size_t ContractionTree::rebuild(std::uint32_t subset, std::span<const std::size_t> tensors,
                                     std::span<const SharedLabel> labels, const SubsetSearch& search,
                                     std::vector<std::size_t>& numbers) {
  if (std::has_single_bit(subset)) return tensors[static_cast<std::size_t>(std::countr_zero(subset))];
  const std::size_t node = numbers.back();
  numbers.pop_back();
  const std::uint32_t half = search.half_of(subset);
  const std::size_t left = rebuild(half, tensors, labels, search, numbers);
  const std::size_t right = rebuild(subset ^ half, tensors, labels, search, numbers);
  std::ranges::fill(carried(node), 0);
  for (const SharedLabel& label : labels) {
    const bool inside = (label.carriers & ~subset) == 0;
    if ((label.carriers & subset) == 0 || (inside && !label.kept)) continue;
    carried(node)[label.group / 64] |= std::uint64_t{1} << (label.group % 64);
  }
  join(node, left, right);
  return node;
}

bool ContractionTree::improve(const Crown& crown, SubsetSearch& search) {
  double cost = 0;
  for (const std::size_t node : crown.contractions) {
    const bool topmost = node == crown.contractions.front();
    cost += std::min(nodes_[node].flops, kMostCost) + (topmost ? 0 : nodes_[node].excess);
  }
  const std::vector<SharedLabel> labels = shared_labels(crown);
  // Less than the rounding of the costs is no improvement, or two trees could be swapped for ever.
  if (!(search.solve(crown.tensors.size(), labels, limit_) < cost * (1 - 1e-9))) return false;
  // The topmost keeps its number: rebuild() takes them from the end, parents first.
  std::vector<std::size_t> numbers(crown.contractions.rbegin(), crown.contractions.rend());
  const std::uint32_t all = (std::uint32_t{1} << crown.tensors.size()) - 1;
  rebuild(all, crown.tensors, labels, search, numbers);
  return true;
}

}  // namespace tenon::contraction
