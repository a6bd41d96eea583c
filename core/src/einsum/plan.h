// A schedule made ready to run on tensors of certain shapes and strides.
#pragma once

#include <tenon/einsum.h>
#include <tenon/plugin/abi.h>

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "equation.h"

namespace tenon::contraction {

/// The order in which the axes of a result should lie in memory, so that no operand needs to be copied to
/// compute it: `wanted` if that is such an order, else the batch, then the rows (which only `a` has) as they
/// lie in `a`, and the columns as in `b`. `a` and `b` are labels from the longest stride to the shortest.
Labels result_order(const Labels& a, const Labels& b, const Labels& wanted);

/// Labels from the longest stride to the shortest.
Labels by_stride(const Labels& labels, const Strides& strides);

/// The frame's modes for one or two inputs with these labels.
tenon_einsum_attributes modes_of(std::span<const Labels> inputs, const Labels& output);

struct Plan {
  /// Views to take of an operand first; mostly none.
  struct Preparation {
    std::vector<std::pair<std::int64_t, std::int64_t>>
        diagonals;  ///< pairs of axes, each of what the last one left
    Axes dropped;   ///< axes of extent 1, of what is left then
  };
  /// One call of Op::einsum. Operands are numbered from 0, results go on from there.
  struct Call {
    std::size_t inputs[2];
    std::size_t count;
    tenon_einsum_attributes attributes;
    Shape shape;  ///< of the result, which is contiguous
  };
  std::vector<Preparation> operands;
  bool prepares = false;  ///< whether any operand needs a view
  std::vector<Call> calls;
  Axes permutation;  ///< of the last result, to the order of the output; empty if it is in order
  Axes inserted;     ///< axes of extent 1 of the output, in rising order
};

/// The plan for complete tokens and these operands, from the cache if they were here before. Thread-safe.
/// Throws ShapeError as einsum() says.
std::shared_ptr<const Plan> plan_for(const Source& source, std::span<const Tensor> operands,
                                     const EinsumOptions& options);

}  // namespace tenon::contraction
