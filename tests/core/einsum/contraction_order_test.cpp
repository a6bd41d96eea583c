#include "einsum/contraction_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>

namespace tenon::contraction {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Labels = std::set<std::uint32_t>;
using Tensors = std::vector<Labels>;

struct Cost {
  double flops = 0;
  double largest = 0;
};

double elements(const Network& network, const Labels& labels) {
  double product = 1;
  for (const std::uint32_t label : labels) product *= static_cast<double>(network.extents[label]);
  return product;
}

Tensors operands(const Network& network) {
  Tensors tensors;
  for (const auto& labels : network.operands) tensors.emplace_back(labels.begin(), labels.end());
  return tensors;
}

/// Takes tensors a and b out, a < b, puts what they contract to at the end, and adds what that costs.
void contract(const Network& network, Tensors& tensors, std::size_t a, std::size_t b, Cost& cost) {
  Labels all = tensors[a];
  all.insert(tensors[b].begin(), tensors[b].end());
  tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(b));
  tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(a));
  Labels needed(network.output.begin(), network.output.end());
  for (const Labels& other : tensors) needed.insert(other.begin(), other.end());
  Labels result;
  std::ranges::set_intersection(all, needed, std::inserter(result, result.end()));
  cost.flops += elements(network, all) * (result == all ? 1 : 2);
  if (!tensors.empty()) cost.largest = std::max(cost.largest, elements(network, result));
  tensors.push_back(result);
}

/// The fewest operations of all sequences of pairs whose intermediates are within the limit; infinity if none
/// is.
double fewest_flops(const Network& network, const Tensors& tensors, double limit = kInfinity,
                    Cost sofar = {}) {
  if (tensors.size() == 1) return sofar.flops;
  double fewest = kInfinity;
  for (std::size_t b = 1; b < tensors.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) {
      Tensors rest = tensors;
      Cost cost = sofar;
      contract(network, rest, a, b, cost);
      if (cost.largest <= limit) fewest = std::min(fewest, fewest_flops(network, rest, limit, cost));
    }
  }
  return fewest;
}

/// What an order costs, having checked that it contracts each tensor once.
Cost replayed(const Network& network, const ContractionOrder& order) {
  Tensors tensors = operands(network);
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < tensors.size(); ++i) numbers.push_back(i);
  EXPECT_EQ(order.pairs.size() + 1, tensors.size());
  Cost cost;
  std::size_t number = tensors.size();
  for (const auto& [first, second] : order.pairs) {
    const auto a = std::ranges::find(numbers, first);
    const auto b = std::ranges::find(numbers, second);
    if (a == numbers.end() || b == numbers.end() || a == b) {
      ADD_FAILURE() << "no tensors " << first << " and " << second;
      return cost;
    }
    const auto [low, high] = std::minmax({a - numbers.begin(), b - numbers.begin()});
    contract(network, tensors, static_cast<std::size_t>(low), static_cast<std::size_t>(high), cost);
    numbers.erase(numbers.begin() + high);
    numbers.erase(numbers.begin() + low);
    numbers.push_back(number++);
  }
  return cost;
}

/// An order that is checked to cost what it says.
ContractionOrder found(const Network& network, std::optional<double> limit = {}) {
  const std::optional<ContractionOrder> order = find_order(network, limit);
  if (!order) {
    ADD_FAILURE() << "no order";
    return {};
  }
  const Cost cost = replayed(network, *order);
  EXPECT_DOUBLE_EQ(order->flops, cost.flops);
  EXPECT_DOUBLE_EQ(order->largest, cost.largest);
  return *order;
}

/// Random networks; labels in any number of operands, some operands without labels in common.
class Networks {
 public:
  explicit Networks(unsigned seed) : bits_(seed) {}

  Network draw(std::size_t operands, std::size_t labels, std::int64_t least, std::int64_t most) {
    Network network{std::vector<std::vector<std::uint32_t>>(operands), {}, {}};
    for (std::uint32_t label = 0; label < labels; ++label) {
      network.extents.push_back(least +
                                static_cast<std::int64_t>(below(static_cast<std::size_t>(most - least + 1))));
      const std::size_t carriers = std::min(operands, 1 + below(below(3) == 0 ? 4 : 2));
      std::set<std::size_t> chosen;
      while (chosen.size() < carriers) chosen.insert(below(operands));
      for (const std::size_t operand : chosen) network.operands[operand].push_back(label);
      if (carriers == 1 || below(4) == 0) network.output.push_back(label);
    }
    return network;
  }
  std::size_t below(std::size_t bound) { return bits_() % bound; }

 private:
  std::mt19937 bits_;
};

/// Matrices (extents[0], extents[1]), (extents[1], extents[2]), ...
Network chain(std::vector<std::int64_t> extents) {
  Network network{{}, {0, static_cast<std::uint32_t>(extents.size() - 1)}, std::move(extents)};
  for (std::uint32_t i = 0; i + 1 < network.extents.size(); ++i) network.operands.push_back({i, i + 1});
  return network;
}

/// The optimum of a chain by dynamic programming over intervals, as in textbooks.
double fewest_flops_of_chain(const std::vector<double>& extents) {
  const std::size_t count = extents.size() - 1;
  std::vector<std::vector<double>> fewest(count, std::vector<double>(count, 0));
  for (std::size_t length = 2; length <= count; ++length) {
    for (std::size_t first = 0; first + length <= count; ++first) {
      const std::size_t last = first + length - 1;
      fewest[first][last] = kInfinity;
      for (std::size_t middle = first; middle < last; ++middle) {
        const double flops = 2 * extents[first] * extents[middle + 1] * extents[last + 1];
        fewest[first][last] =
            std::min(fewest[first][last], fewest[first][middle] + fewest[middle + 1][last] + flops);
      }
    }
  }
  return fewest[0][count - 1];
}

TEST(ContractionOrder, OfOneOperandIsEmpty) {
  const ContractionOrder order = found({{{0, 1}}, {0, 1}, {2, 3}});
  EXPECT_TRUE(order.pairs.empty());
  EXPECT_EQ(order.flops, 0);
  EXPECT_EQ(order.largest, 0);
}

TEST(ContractionOrder, OfTwoOperandsIsOnePair) {
  const ContractionOrder order = found({{{0, 1}, {1, 2}}, {0, 2}, {2, 3, 5}});
  ASSERT_EQ(order.pairs.size(), 1);
  EXPECT_EQ(order.pairs[0], std::make_pair(std::size_t{0}, std::size_t{1}));
  EXPECT_EQ(order.flops, 60);
  EXPECT_EQ(order.largest, 0);
}

TEST(ContractionOrder, CountsTwiceWhereALabelIsSummed) {
  EXPECT_EQ(found({{{0}, {1}}, {0, 1}, {2, 3}}).flops, 6);
  EXPECT_EQ(found({{{0}, {0}}, {0}, {2}}).flops, 2);
  EXPECT_EQ(found({{{0}, {0}}, {}, {2}}).flops, 4);
  EXPECT_EQ(found({{{0}, {0}}, {}, {1}}).flops, 2);
}

TEST(ContractionOrder, NumbersResultsAfterTheOperands) {
  const ContractionOrder order = found(chain({100, 2, 100, 1}));
  ASSERT_EQ(order.pairs.size(), 2);
  EXPECT_EQ(order.pairs[0], std::make_pair(std::size_t{1}, std::size_t{2}));
  EXPECT_EQ(order.pairs[1], std::make_pair(std::size_t{0}, std::size_t{3}));
  EXPECT_EQ(order.largest, 2);
}

TEST(ContractionOrder, OfTheTextbooksChain) {
  // Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms, 15.2: 15125 multiplications.
  EXPECT_EQ(found(chain({30, 35, 15, 5, 10, 20, 25})).flops, 2 * 15125);
}

TEST(ContractionOrder, MultipliesSmallTensorsFirstThoughTheyShareNothing) {
  // One vector after the other: 2 * 10000 * (1 + 1/10). Their outer product first: 100 + 2 * 10000.
  const Network network{{{0, 1, 2}, {0}, {1}}, {2}, {10, 10, 100}};
  EXPECT_EQ(found(network).flops, 20100);
}

TEST(ContractionOrder, KeepsALabelUntilItsLastCarrier) {
  // Label 0 is in all three: the pair that is first does not sum it.
  const Network network{{{0, 1}, {0, 1}, {0}}, {}, {7, 100}};
  const ContractionOrder order = found(network);
  EXPECT_EQ(order.flops, 2 * 700 + 2 * 7);
  EXPECT_EQ(order.largest, 7);
}

TEST(ContractionOrder, IsTheBestOfAllForAnyNetwork) {
  Networks networks(1);
  for (int i = 0; i < 300; ++i) {
    const std::size_t count = 2 + networks.below(4);
    const Network network = networks.draw(count, networks.below(12), 1, 7);
    EXPECT_DOUBLE_EQ(found(network).flops, fewest_flops(network, operands(network))) << "network " << i;
  }
}

TEST(ContractionOrder, IsTheBestOfAllForLargerNetworks) {
  Networks networks(2);
  for (int i = 0; i < 12; ++i) {
    const Network network = networks.draw(6, 8 + networks.below(8), 2, 7);
    EXPECT_DOUBLE_EQ(found(network).flops, fewest_flops(network, operands(network))) << "network " << i;
  }
}

TEST(ContractionOrder, IsTheBestOfAllWhereExtentsAreZero) {
  Networks networks(3);
  for (int i = 0; i < 100; ++i) {
    const Network network = networks.draw(2 + networks.below(4), networks.below(10), 0, 4);
    EXPECT_NEAR(found(network).flops, fewest_flops(network, operands(network)), 1e-6) << "network " << i;
  }
}

TEST(ContractionOrder, IsTheBestOfAllWithinALimit) {
  Networks networks(4);
  int impossible = 0;
  for (int i = 0; i < 200; ++i) {
    const Network network = networks.draw(3 + networks.below(3), 3 + networks.below(8), 1, 5);
    const double limit = std::floor(0.7 * found(network).largest);
    const double fewest = fewest_flops(network, operands(network), limit);
    if (fewest == kInfinity) {
      EXPECT_EQ(find_order(network, limit), std::nullopt) << "network " << i;
      ++impossible;
      continue;
    }
    const ContractionOrder order = found(network, limit);
    EXPECT_LE(order.largest, limit);
    EXPECT_DOUBLE_EQ(order.flops, fewest) << "network " << i;
  }
  EXPECT_GT(impossible, 10);
  EXPECT_LT(impossible, 190);
}

TEST(ContractionOrder, MayUseAllOfTheLimit) {
  Networks networks(5);
  for (int i = 0; i < 50; ++i) {
    const Network network = networks.draw(8, 20, 1, 9);
    const ContractionOrder order = found(network);
    EXPECT_DOUBLE_EQ(found(network, order.largest).flops, order.flops) << "network " << i;
  }
}

TEST(ContractionOrder, OfTwoOperandsNeedsNoMemoryForIntermediates) {
  EXPECT_EQ(found({{{0}, {1}}, {0, 1}, {9, 9}}, 0).pairs.size(), 1);
}

TEST(ContractionOrder, OfManyOperandsStaysWithinTheLimit) {
  Networks networks(6);
  int tightened = 0;
  for (int i = 0; i < 20; ++i) {
    const Network network = networks.draw(20, 36, 2, 5);
    const ContractionOrder free = found(network);
    const double limit = std::floor(free.largest * 0.7);
    const std::optional<ContractionOrder> order = find_order(network, limit);
    if (!order) continue;
    EXPECT_LE(replayed(network, *order).largest, limit);
    EXPECT_GE(order->flops, free.flops * (1 - 1e-9));
    ++tightened;
  }
  EXPECT_GT(tightened, 0);
}

TEST(ContractionOrder, OfManyOperandsIsNoneIfTheLimitForbidsAll) {
  // The output alone needs more than one element, and so does what all but one operand give.
  EXPECT_EQ(find_order(chain(std::vector<std::int64_t>(21, 3)), 8), std::nullopt);
  EXPECT_NE(find_order(chain(std::vector<std::int64_t>(21, 3)), 9), std::nullopt);
}

TEST(ContractionOrder, OfAChainIsTheTextbooksOptimum) {
  Networks networks(7);
  for (const std::size_t count : {13, 20, 30, 40}) {
    std::vector<std::int64_t> extents;
    for (std::size_t i = 0; i <= count; ++i) extents.push_back(INT64_C(2) << networks.below(10));
    EXPECT_DOUBLE_EQ(found(chain(extents)).flops, fewest_flops_of_chain({extents.begin(), extents.end()}))
        << count << " matrices";
  }
}

TEST(ContractionOrder, IsTheSameForTheSameNetwork) {
  Networks networks(8);
  const Network network = networks.draw(30, 60, 2, 6);
  EXPECT_EQ(found(network).pairs, found(network).pairs);
}

TEST(ContractionOrder, IsFoundWhereNobodyCouldCountTheOperations) {
  for (const std::size_t count : {6, 20}) {
    Network network{std::vector<std::vector<std::uint32_t>>(count), {}, {}};
    for (std::uint32_t label = 0; label < 40; ++label) {
      network.extents.push_back(std::numeric_limits<std::int64_t>::max());
      for (auto& operand : network.operands) operand.push_back(label);
    }
    EXPECT_EQ(found(network).flops, kInfinity);
    EXPECT_EQ(find_order(network, 1e18), std::nullopt);
  }
}

TEST(ContractionOrder, IsTheBestOfAllWhereTheProductOfAllExtentsOverflows) {
  // A chain whose neighbours share two labels of up to 2^62: all extents together are about 2^1200, but a
  // contraction needs less than 2^373 operations.
  Networks networks(10);
  std::vector<double> products;
  Network network{std::vector<std::vector<std::uint32_t>>(12), {}, {}};
  for (std::uint32_t bond = 0; bond <= 12; ++bond) {
    products.push_back(1);
    for (const std::uint32_t label : {2 * bond, 2 * bond + 1}) {
      network.extents.push_back(INT64_C(1) << (32 + networks.below(31)));
      products.back() *= static_cast<double>(network.extents.back());
      if (bond > 0) network.operands[bond - 1].push_back(label);
      if (bond < 12) network.operands[bond].push_back(label);
      if (bond == 0 || bond == 12) network.output.push_back(label);
    }
  }
  EXPECT_DOUBLE_EQ(found(network).flops, fewest_flops_of_chain(products));
}

TEST(ContractionOrder, TakesAZeroAmongHugeExtents) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  Network network{{{}, {}, {}}, {}, {0}};
  for (std::uint32_t label = 0; label < 40; ++label) {
    if (label > 0) network.extents.push_back(huge);
    for (auto& operand : network.operands) operand.push_back(label);
  }
  const std::optional<ContractionOrder> order = find_order(network, {});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->flops, 0);
  EXPECT_EQ(order->largest, 0);
}

TEST(ContractionOrder, OfOperandsWithoutLabelsIsFound) {
  EXPECT_EQ(found({{{}, {}, {}}, {}, {}}).flops, 2);
  EXPECT_EQ(found({std::vector<std::vector<std::uint32_t>>(70), {}, {}}).flops, 69);
}

TEST(ContractionOrder, OfSixtyOperandsWithManyAxesIsFound) {
  Network network{std::vector<std::vector<std::uint32_t>>(60), {}, {}};
  for (std::size_t distance = 1; distance < 32; distance += 2) {  // 32 axes each, 960 labels
    for (std::size_t operand = 0; operand < 60; ++operand) {
      const auto label = static_cast<std::uint32_t>(network.extents.size());
      network.extents.push_back(2);
      network.operands[operand].push_back(label);
      network.operands[(operand + distance) % 60].push_back(label);
    }
  }
  EXPECT_TRUE(std::isfinite(found(network).flops));
}

/// The operands and the output of a network in text, labels with blanks between and operands with semicolons.
struct Golden {
  const char* family;
  std::string operands;
  std::string output;
  std::vector<std::int64_t> extents;
  double flops;  // the fewest that opt_einsum found
};

std::vector<std::uint32_t> labels_in(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::uint32_t> labels;
  for (std::uint32_t label = 0; words >> label;) labels.push_back(label);
  return labels;
}

#include "contraction_goldens.h"

TEST(ContractionOrder, IsNearTheBestThatOptEinsumFinds) {
  for (const Golden& golden : kGoldens) {
    Network network{{}, labels_in(golden.output), golden.extents};
    std::istringstream operands(golden.operands);
    for (std::string labels; std::getline(operands, labels, ';');)
      network.operands.push_back(labels_in(labels));
    EXPECT_LE(found(network).flops, 1.1 * golden.flops)
        << golden.family << " of " << network.operands.size() << " operands";
  }
}

}  // namespace
}  // namespace tenon::contraction
