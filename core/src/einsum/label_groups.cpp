#include "einsum/label_groups.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <utility>

namespace tenon::contraction {

double power_of_two(double logarithm) { return std::min(std::exp2(logarithm), kMostCost); }

LabelGroups::LabelGroups(const Network& network) : operands_(network.operands.size()) {
  // The carriers of each label in ascending order; the output counts as one more operand.
  std::vector<std::vector<std::size_t>> carriers(network.extents.size());
  for (std::size_t i = 0; i < operands_; ++i) {
    for (const std::uint32_t label : network.operands[i]) carriers[label].push_back(i);
  }
  for (const std::uint32_t label : network.output) carriers[label].push_back(operands_);

  struct Size {
    double extent = 1;
    double log = 0;
  };
  std::map<std::vector<std::size_t>, Size> groups;
  for (std::size_t label = 0; label < carriers.size(); ++label) {
    if (carriers[label].empty() || carriers[label].front() == operands_) continue;
    const auto extent = static_cast<double>(network.extents[label]);
    Size& size = groups[std::move(carriers[label])];
    size = extent == 0 || size.extent == 0 ? Size{0, kLogOfZero}
                                           : Size{size.extent * extent, size.log + std::log2(extent)};
  }

  words_ = std::max<std::size_t>(1, (groups.size() + 63) / 64);
  bits_.resize((operands_ + 1) * words_);
  std::size_t group = 0;
  for (const auto& [owners, size] : groups) {
    extents_.push_back(size.extent);
    logs_.push_back(size.log);
    for (const std::size_t owner : owners)
      bits_[owner * words_ + group / 64] |= std::uint64_t{1} << (group % 64);
    ++group;
  }
}

double LabelGroups::elements_of_union(GroupSet a, GroupSet b) const {
  double product = 1;
  bool empty = false;
  for (std::size_t word = 0; word < words_; ++word) {
    for (std::uint64_t rest = a[word] | b[word]; rest != 0; rest &= rest - 1) {
      const double extent = extents_[word * 64 + static_cast<std::size_t>(std::countr_zero(rest))];
      product *= extent;
      empty |= extent == 0;
    }
  }
  return empty ? 0 : product;
}

double LabelGroups::log_elements(GroupSet set) const {
  double sum = 0;
  for_each_group(set, [&](std::size_t group) { sum += logs_[group]; });
  return sum;
}

double MemoryLimit::excess(double intermediate) const {
  if (intermediate <= elements) return 0;
  if (penalty == std::numeric_limits<double>::infinity()) return penalty;
  return std::min(penalty * intermediate, kMostCost);
}

}  // namespace tenon::contraction
