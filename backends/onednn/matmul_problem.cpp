#include "onednn/matmul_problem.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace tenon::onednn {
namespace {

/// Makes one axis of two, if the given operands step from the last element of `inner` to the next of `outer`
/// as from one element of `inner` to the next.
bool join(const Axis& outer, Axis& inner, std::initializer_list<Operand> operands) {
  if (inner.extent == 1) {
    inner = outer;
    return true;
  }
  for (const Operand operand : operands) {
    if (outer.stride[operand] != inner.stride[operand] * inner.extent) return false;
  }
  inner.extent *= outer.extent;
  return true;
}

}  // namespace

MatmulProblem::MatmulProblem(const plugin::Call& call)
    : input_dtype(call.input(0).dtype()),
      output_dtype(call.output().dtype()),
      has_bias(call.num_inputs() == 3) {
  const plugin::View a = call.input(0);
  const plugin::View b = call.input(1);
  const plugin::View out = call.output();
  const plugin::View bias = has_bias ? call.input(2) : out;
  const std::size_t rank = out.shape().size();
  const auto axis = [&](std::size_t at, bool in_a, bool in_b, bool in_out) {
    const auto stride = [at](const plugin::View& view, bool has) { return has ? view.strides()[at] : 0; };
    return Axis{out.shape()[at],
                {stride(a, in_a), stride(b, in_b), stride(out, in_out), stride(bias, in_out && has_bias)}};
  };
  row = axis(rank - 2, true, false, true);
  column = axis(rank - 1, false, true, true);
  summed = {a.shape()[rank - 1], {a.strides()[rank - 1], b.strides()[rank - 2], 0, 0}};

  for (std::size_t at = 0; at + 2 < rank; ++at) {
    if (out.shape()[at] == 1) continue;
    Axis* place = &batch[batches++];
    *place = axis(at, true, true, true);
    for (; place != batch && place[-1].stride[kOut] < place->stride[kOut]; --place) {
      std::swap(place[-1], *place);
    }
  }
  // From the innermost on: each joins the rows, the columns, or the axis inside of it, or stays.
  int kept = TENON_MAX_RANK;
  for (int i = batches; i-- > 0;) {
    const Axis& each = batch[i];
    const bool joined = (each.stride[kB] == 0 && join(each, row, {kA, kOut, kBias})) ||
                        (each.stride[kA] == 0 && join(each, column, {kB, kOut, kBias})) ||
                        (kept < TENON_MAX_RANK && join(each, batch[kept], {kA, kB, kOut, kBias}));
    if (!joined) batch[--kept] = each;
  }
  batches = TENON_MAX_RANK - kept;
  std::copy(batch + kept, batch + TENON_MAX_RANK, batch);
}

void MatmulProblem::transpose() {
  std::swap(row, column);
  const auto exchange = [](Axis& axis) { std::swap(axis.stride[kA], axis.stride[kB]); };
  for (Axis* const axis : {&row, &column, &summed}) exchange(*axis);
  for (int i = 0; i < batches; ++i) exchange(batch[i]);
}

Matrix MatmulProblem::matrix(Operand operand) const {
  switch (operand) {
    case kA:
      return {&row, &summed};
    case kB:
      return {&summed, &column};
    default:
      return {&row, &column};
  }
}

}  // namespace tenon::onednn
