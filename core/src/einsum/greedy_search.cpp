#include "einsum/greedy_search.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tenon::contraction {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
constexpr double kNoCommonLabel = 1e9;
constexpr double kOverLimit = 1e12;

/// The tensors that are left and a score for each pair of them. A result takes the slot of its first operand.
class GreedyContraction {
 public:
  GreedyContraction(const LabelGroups& groups, const MemoryLimit& limit, const GreedyRule& rule,
                    RandomNumbers& random);

  Pairs run();

 private:
  std::span<std::uint64_t> carried(std::size_t slot) {
    return std::span(bits_).subspan(slot * words_, words_);
  }
  double& score(std::size_t a, std::size_t b) { return scores_[std::min(a, b) * slots_ + std::max(a, b)]; }

  double rate(std::size_t a, std::size_t b);
  /// Finds for a slot the best of the later slots.
  void find_partner(std::size_t slot);
  void contract(std::size_t a, std::size_t b);

  const LabelGroups& groups_;
  MemoryLimit limit_;
  GreedyRule rule_;
  RandomNumbers& random_;
  std::size_t slots_;
  std::size_t words_;
  std::vector<std::size_t> active_;    // slots in use, ascending
  std::vector<std::size_t> numbers_;   // by slot: as in Pairs
  std::vector<std::size_t> partners_;  // by slot: the best of the later ones, or none
  std::vector<double> sizes_;          // by slot: log2 of the elements
  std::vector<double> scores_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::size_t> carriers_;   // by group: how many slots, and the output, carry it
  std::vector<std::uint64_t> closing_;  // groups that two slots carry and nothing else does
};

GreedyContraction::GreedyContraction(const LabelGroups& groups, const MemoryLimit& limit,
                                     const GreedyRule& rule, RandomNumbers& random)
    : groups_(groups),
      limit_(limit),
      rule_(rule),
      random_(random),
      slots_(groups.operands()),
      words_(groups.words()),
      partners_(slots_, kNone),
      scores_(slots_ * slots_),
      carriers_(words_ * 64),
      closing_(words_) {
  for (std::size_t i = 0; i < slots_; ++i) {
    active_.push_back(i);
    numbers_.push_back(i);
    sizes_.push_back(groups.log_elements(groups.operand(i)));
    bits_.insert(bits_.end(), groups.operand(i).begin(), groups.operand(i).end());
    for_each_group(groups.operand(i), [&](std::size_t group) { ++carriers_[group]; });
  }
  for_each_group(groups.output(), [&](std::size_t group) { ++carriers_[group]; });
  for (std::size_t group = 0; group < carriers_.size(); ++group) {
    const bool in_output = (groups.output()[group / 64] >> group % 64 & 1) != 0;
    if (carriers_[group] == 2 && !in_output) closing_[group / 64] |= std::uint64_t{1} << group % 64;
  }
  for (std::size_t a = 0; a < slots_; ++a) {
    for (std::size_t b = a + 1; b < slots_; ++b) score(a, b) = rate(a, b);
  }
  for (std::size_t a = 0; a < slots_; ++a) find_partner(a);
}

double GreedyContraction::rate(std::size_t a, std::size_t b) {
  double size = 0;
  bool common = false;
  for (std::size_t word = 0; word < words_; ++word) {
    const std::uint64_t both = carried(a)[word] & carried(b)[word];
    const std::uint64_t result = (carried(a)[word] | carried(b)[word]) & ~(both & closing_[word]);
    common |= both != 0;
    for_each_group({&result, 1}, [&](std::size_t bit) { size += groups_.log_extent(word * 64 + bit); });
  }
  const double larger = std::max(sizes_[a], sizes_[b]);
  const double removed = larger + std::log2(1 + std::exp2(std::min(sizes_[a], sizes_[b]) - larger));
  double score = size - rule_.weight * removed;
  const double uniform = random_.uniform();
  if (rule_.temperature > 0) {
    // Not 0, whose logarithm is infinite.
    const double exponential = std::max(-std::log(1 - uniform), 0x1p-60);
    score += rule_.temperature * std::log(exponential);
  }
  if (!common) score += kNoCommonLabel;
  if (limit_.is_set() && limit_.excess(power_of_two(size)) > 0) score += kOverLimit;
  return score;
}

void GreedyContraction::find_partner(std::size_t slot) {
  partners_[slot] = kNone;
  for (auto later = std::ranges::upper_bound(active_, slot); later != active_.end(); ++later) {
    if (partners_[slot] == kNone || score(slot, *later) < score(slot, partners_[slot]))
      partners_[slot] = *later;
  }
}

void GreedyContraction::contract(std::size_t a, std::size_t b) {
  for (std::size_t word = 0; word < words_; ++word) {
    const std::uint64_t both = carried(a)[word] & carried(b)[word];
    carried(a)[word] = (carried(a)[word] | carried(b)[word]) & ~(both & closing_[word]);
    for_each_group({&both, 1}, [&](std::size_t bit) {
      const std::size_t group = word * 64 + bit;
      const bool in_output = (groups_.output()[word] >> bit & 1) != 0;
      if (--carriers_[group] == 2 && !in_output) closing_[word] |= std::uint64_t{1} << bit;
    });
  }
  sizes_[a] = groups_.log_elements(carried(a));
  active_.erase(std::ranges::find(active_, b));
  for (const std::size_t other : active_) {
    if (other != a) score(a, other) = rate(a, other);
  }
  find_partner(a);
  for (const std::size_t other : active_) {
    std::size_t& partner = partners_[other];
    if (partner == a || partner == b) {
      find_partner(other);
    } else if (other < a && score(other, a) < score(other, partner)) {
      partner = a;
    }
  }
}

Pairs GreedyContraction::run() {
  Pairs pairs;
  while (active_.size() > 1) {
    std::size_t best = active_.front();
    for (const std::size_t slot : active_) {
      if (partners_[slot] != kNone && score(slot, partners_[slot]) < score(best, partners_[best]))
        best = slot;
    }
    const std::size_t partner = partners_[best];
    pairs.emplace_back(numbers_[best], numbers_[partner]);
    numbers_[best] = slots_ + pairs.size() - 1;
    contract(best, partner);
  }
  return pairs;
}

}  // namespace

Pairs find_greedily(const LabelGroups& groups, const MemoryLimit& limit, const GreedyRule& rule,
                    RandomNumbers& random) {
  return GreedyContraction(groups, limit, rule, random).run();
}

}  // namespace tenon::contraction
