// In which order to contract many tensors in pairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tenon::contraction {

/// Operands by their labels, numbers in [0, extents.size()), each at most once in an operand. A label may be
/// in any number of operands. No operand carries a label that is in no other operand and not in the output:
/// the caller sums over such labels first.
struct Network {
  std::vector<std::vector<std::uint32_t>> operands;  ///< at least one
  std::vector<std::uint32_t> output;
  std::vector<std::int64_t> extents;  ///< not negative
};

/// Pairs of what is contracted with what: operands are numbered from 0, and the result of pairs[i] is number
/// operands.size() + i. One pair fewer than operands.
struct ContractionOrder {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  double flops = 0;    ///< operations of all pairs; infinity if they are too many to count
  double largest = 0;  ///< elements of the largest intermediate (the last result does not count)
};

/// The operations of one contraction are counted as opt_einsum does: the product of the extents of all labels
/// of both tensors, twice if a label is summed. Its result carries the labels that a remaining tensor or the
/// output carries.
///
/// The order with the fewest operations, found exactly (to rounding, relative 1e-9) for up to kMostExact
/// operands and by seeded randomised search beyond; the same network gives the same order. With a memory
/// limit, of the orders whose intermediates have at most so many elements; nothing if there is none (or,
/// beyond kMostExact, if none was found). Costs beyond 1e300 are all the same to the search. Throws nothing
/// but std::bad_alloc; safe to call from many threads.
std::optional<ContractionOrder> find_order(const Network& network, std::optional<double> memory_limit);

inline constexpr std::size_t kMostExact = 12;

}  // namespace tenon::contraction
