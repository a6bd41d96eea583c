#include "einsum/subset_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tenon::contraction {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Products as they are; for labels whose extents all together are in the range of double.
struct Plain {
  static constexpr double kOne = 1;
  static double extent(const SharedLabel& label) { return label.extent; }
  static double times(double a, double b) { return a * b; }
  static double over(double a, double b) { return a / b; }
  static double value(double product) { return product; }
};

/// Products as logarithms, for all others.
struct Logarithmic {
  static constexpr double kOne = 0;
  static double extent(const SharedLabel& label) { return label.log_extent; }
  static double times(double a, double b) { return a + b; }
  static double over(double a, double b) { return a - b; }
  static double value(double product) { return power_of_two(product); }
};

bool in_plain_range(std::span<const SharedLabel> labels) {
  double sum = 0;
  for (const SharedLabel& label : labels) sum += std::abs(label.log_extent);
  return sum < 900;
}

/// The exact elements of an intermediate, for where its rounded size cannot be told from the limit.
double exact_elements(std::uint32_t subset, std::span<const SharedLabel> labels) {
  double product = 1;
  for (const SharedLabel& label : labels) {
    if ((label.carriers & subset) == 0 || (!label.kept && (label.carriers & ~subset) == 0)) continue;
    if (label.extent == 0) return 0;
    product *= label.extent;
  }
  return product;
}

}  // namespace

template <typename Arithmetic>
void SubsetSearch::tabulate(std::size_t tensors, std::span<const SharedLabel> labels) {
  const std::size_t subsets = std::size_t{1} << tensors;
  entries_.assign(subsets, {kInfinity, Arithmetic::kOne, 0, 0});
  inside_.assign(subsets, Arithmetic::kOne);
  for (const SharedLabel& label : labels) {
    const double extent = Arithmetic::extent(label);
    double& inside = inside_[label.carriers];
    inside = Arithmetic::times(inside, extent);
    if (label.kept) continue;
    Entry& entry = entries_[label.carriers];
    entry.summed = Arithmetic::times(entry.summed, extent);
    ++entry.labels;
  }
  // What is inside a subset is inside each of its supersets.
  for (std::size_t tensor = 1; tensor < subsets; tensor *= 2) {
    for (std::size_t subset = tensor; subset < subsets; subset = (subset + 1) | tensor) {
      const Entry& smaller = entries_[subset ^ tensor];
      entries_[subset].summed = Arithmetic::times(entries_[subset].summed, smaller.summed);
      entries_[subset].labels += smaller.labels;
      inside_[subset] = Arithmetic::times(inside_[subset], inside_[subset ^ tensor]);
    }
  }
}

/// The labels that A and B carry when they are contracted are those that the tensors of S = A + B touch, but
/// for those that were summed inside A or inside B. One is summed now if more labels are summed inside S than
/// in A and B.
template <typename Arithmetic>
void SubsetSearch::split(std::uint32_t subset, double touched) {
  Entry best = entries_[subset];
  const std::uint32_t rest = subset & (subset - 1);  // all but the first tensor, which is in A
  for (std::uint32_t b = rest; b != 0; b = (b - 1) & rest) {
    const Entry& left = entries_[subset ^ b];
    const Entry& right = entries_[b];
    double cost = left.cost + right.cost;
    if (!(cost < best.cost)) continue;
    const double flops =
        Arithmetic::value(Arithmetic::over(touched, Arithmetic::times(left.summed, right.summed)));
    cost += left.labels + right.labels == best.labels ? flops : 2 * flops;
    if (cost < best.cost) {
      best.cost = cost;
      best.half = b;
    }
  }
  entries_[subset] = best;
}

template <typename Arithmetic>
double SubsetSearch::search(std::size_t tensors, std::span<const SharedLabel> labels,
                            const MemoryLimit& limit) {
  tabulate<Arithmetic>(tensors, labels);
  const std::uint32_t all = (std::uint32_t{1} << tensors) - 1;
  for (std::uint32_t subset = 1; subset <= all; ++subset) {
    Entry& entry = entries_[subset];
    if ((subset & (subset - 1)) == 0) {
      entry.cost = 0;
      continue;
    }
    const double touched = Arithmetic::over(inside_[all], inside_[all ^ subset]);
    double excess = 0;
    if (limit.is_set() && subset != all) {
      double elements = Arithmetic::value(Arithmetic::over(touched, entry.summed));
      if (std::abs(elements - limit.elements) <= 1e-6 * limit.elements)
        elements = exact_elements(subset, labels);
      excess = limit.excess(elements);
      if (excess == kInfinity) continue;
    }
    split<Arithmetic>(subset, touched);
    entry.cost += excess;
  }
  return entries_[all].cost;
}

double SubsetSearch::solve(std::size_t tensors, std::span<const SharedLabel> labels,
                           const MemoryLimit& limit) {
  return in_plain_range(labels) ? search<Plain>(tensors, labels, limit)
                                : search<Logarithmic>(tensors, labels, limit);
}

}  // namespace tenon::contraction
