// Better contraction trees from good ones.
#pragma once

#include <cstddef>

#include "einsum/contraction_tree.h"
#include "einsum/subset_search.h"

namespace tenon::contraction {

/// Rebuilds subtrees of up to `most` tensors as the exact search would, until that improves none of them.
void refine(ContractionTree& tree, std::size_t most, SubsetSearch& search);

/// Gives a tree of up to SubsetSearch::kMostTensors leaves the cheapest shape that there is. If the limit
/// forbids all, the tree stays as it is.
void optimize(ContractionTree& tree, SubsetSearch& search);

}  // namespace tenon::contraction
