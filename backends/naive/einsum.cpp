// EINSUM: out[i, j, ..] = sum over the modes that out lacks of a[..] * b[..], by one loop for each mode.
#include "loop_nest.h"
#include "scalar.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace tenon::naive {

namespace {

using PerMode = std::vector<std::int64_t>;

/// The loops over some modes: the extent of each, and the strides that a, b and out cross it with.
struct ModeLoops {
  PerMode extents;
  PerMode a, b, out;
};

struct Loops {
  ModeLoops free;    // the modes of out, in out's order
  ModeLoops summed;  // the others, as they come in a and then in b
};

/// One mode as the operands have it.
struct Mode {
  std::uint8_t number;
  std::int64_t extent;
  std::int64_t strides[3];  // of a, b, out; 0 for an operand that lacks the mode
  bool in_input;
};

/// Adds the modes of one operand, `which` (as in tenon_einsum_attributes), to those found so far. A diagonal,
/// a mode that comes twice, steps along both of its axes at once: their strides add. False if a number is too
/// large or an extent is another than before.
bool collect(const View& operand, std::size_t which, const std::uint8_t* numbers, std::vector<Mode>& modes) {
  for (std::size_t axis = 0; axis < operand.shape().size(); ++axis) {
    const std::uint8_t number = numbers[axis];
    const std::int64_t extent = operand.shape()[axis];
    auto mode =
        std::find_if(modes.begin(), modes.end(), [&](const Mode& known) { return known.number == number; });
    if (mode == modes.end()) mode = modes.insert(mode, Mode{number, extent, {0, 0, 0}, false});
    if (number >= TENON_MAX_MODES || mode->extent != extent) return false;
    mode->strides[which] += operand.strides()[axis];
    mode->in_input = mode->in_input || which < 2;
  }
  return true;
}

/// Nothing if the attributes do not fit the operands. Modes that only one input has, which the host sums over
/// beforehand, are summed over like any other.
std::optional<Loops> loops_of(const Call& call) {
  const auto& numbers = call.attributes<tenon_einsum_attributes>().modes;
  std::vector<Mode> modes;
  if (!collect(call.output(), 2, numbers[2], modes)) return std::nullopt;
  const std::size_t free = modes.size();
  if (free != call.output().shape().size()) return std::nullopt;  // out has a mode twice
  for (std::size_t k = 0; k < call.num_inputs(); ++k) {
    if (!collect(call.input(k), k, numbers[k], modes)) return std::nullopt;
  }
  Loops loops;
  for (std::size_t i = 0; i < modes.size(); ++i) {
    if (!modes[i].in_input) return std::nullopt;
    ModeLoops& nest = i < free ? loops.free : loops.summed;
    nest.extents.push_back(modes[i].extent);
    nest.a.push_back(modes[i].strides[0]);
    nest.b.push_back(modes[i].strides[1]);
    nest.out.push_back(modes[i].strides[2]);
  }
  return loops;
}

/// No term is skipped, so 0 * inf is NaN.
template <typename T>
void run_einsum(const Call& call) {
  using A = Accumulator<T>;
  const auto [free, summed] = loops_of(call).value();
  const bool has_b = call.num_inputs() == 2;
  const T* const a = call.input(0).data<const T>();
  const T* const b = has_b ? call.input(1).data<const T>() : nullptr;
  T* const out = call.output().data<T>();

  const LoopNest<3> outer(free.extents, {free.a, free.b, free.out});
  const LoopNest<2, TENON_MAX_MODES> inner(summed.extents, {summed.a, summed.b});
  outer.for_each([&](const auto& at) {
    A sum = 0;
    inner.for_each([&](const auto& step) {
      auto term = cast_element<A>(a[at[0] + step[0]]);
      if (has_b) term = multiply(term, cast_element<A>(b[at[1] + step[1]]));
      sum = add(sum, term);
    });
    out[at[2]] = cast_element<T>(sum);
  });
}

}  // namespace

Kernel find_einsum(const Call& call) {
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Kernel {
    if constexpr (!std::is_same_v<T, bool>) {
      constexpr DType dtype = dtype_of<T>();
      const bool typed = has_dtypes(call, {dtype}, dtype) || has_dtypes(call, {dtype, dtype}, dtype);
      if (typed && loops_of(call)) return run_einsum<T>;
    }
    return nullptr;
  });
}

}  // namespace tenon::naive
