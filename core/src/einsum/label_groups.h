// The labels of a network, those that the same operands carry taken as one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "einsum/contraction_order.h"

namespace tenon::contraction {

/// Costs beyond this are all the same to the search. Sums of a million of them stay finite, so that infinity
/// is free to mean "forbidden".
inline constexpr double kMostCost = 1e300;

/// log2 of an extent of 0: finite, so that it can be subtracted again, and below any sum of other logarithms.
inline constexpr double kLogOfZero = -0x1p18;

/// 2^logarithm, at most kMostCost.
double power_of_two(double logarithm);

/// A set of groups is a row of words() words: group g is bit g % 64 of word g / 64.
using GroupSet = std::span<const std::uint64_t>;

class LabelGroups {
 public:
  explicit LabelGroups(const Network& network);

  std::size_t operands() const { return operands_; }
  std::size_t words() const { return words_; }

  /// The groups that an operand carries, and those that the output carries.
  GroupSet operand(std::size_t number) const { return row(number); }
  GroupSet output() const { return row(operands_); }

  double extent(std::size_t group) const { return extents_[group]; }
  /// log2(extent), kLogOfZero for 0.
  double log_extent(std::size_t group) const { return logs_[group]; }

  /// The product of the extents of a set; 0 if any of them is 0, infinity if it is too large.
  double elements(GroupSet set) const { return elements_of_union(set, set); }
  double elements_of_union(GroupSet a, GroupSet b) const;
  double log_elements(GroupSet set) const;

 private:
  GroupSet row(std::size_t number) const { return GroupSet(bits_).subspan(number * words_, words_); }

  std::size_t operands_;
  std::size_t words_;
  std::vector<double> extents_;
  std::vector<double> logs_;
  std::vector<std::uint64_t> bits_;  // a row for each operand and one for the output
};

/// Calls visit(group) for each group of a set, in ascending order.
template <typename Visit>
void for_each_group(GroupSet set, Visit visit) {
  for (std::size_t word = 0; word < set.size(); ++word) {
    for (std::uint64_t rest = set[word]; rest != 0; rest &= rest - 1) {
      visit(word * 64 + static_cast<std::size_t>(std::countr_zero(rest)));
    }
  }
}

/// Elements that an intermediate may have, and what each costs in an intermediate that has more. An infinite
/// penalty forbids such intermediates; a finite one leads a search that cannot see all orders towards those
/// without.
struct MemoryLimit {
  double elements = std::numeric_limits<double>::infinity();
  double penalty = std::numeric_limits<double>::infinity();

  bool is_set() const { return elements != std::numeric_limits<double>::infinity(); }
  double excess(double intermediate) const;
};

}  // namespace tenon::contraction
