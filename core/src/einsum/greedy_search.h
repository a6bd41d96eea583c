// Contraction orders by always taking the pair that looks best, with noise for variety.
#pragma once

#include "einsum/contraction_tree.h"
#include "einsum/label_groups.h"
#include "einsum/random_numbers.h"

namespace tenon::contraction {

struct GreedyRule {
  double weight = 1;       ///< of the elements that a contraction consumes against those that it makes
  double temperature = 0;  ///< of the noise, in doublings
};

/// Contracts, again and again, the pair with the least log2 |C| - weight * log2(|A| + |B|), from which Gumbel
/// noise is taken: then a pair is chosen with the probability of a Boltzmann distribution. Pairs without a
/// common label come last, and last of all those whose result exceeds the limit.
Pairs find_greedily(const LabelGroups& groups, const MemoryLimit& limit, const GreedyRule& rule,
                    RandomNumbers& random);

}  // namespace tenon::contraction
