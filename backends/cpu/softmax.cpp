// SOFTMAX and LOG_SOFTMAX, some rows at a time, computed in float64 and rounded once.
#include "cpu/families.h"
#include "cpu/loop.h"
#include "cpu/scratch.h"
#include "cpu/tables.h"
#include "cpu/threads.h"

#include <algorithm>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

constexpr std::int64_t kGrain = 4096;  // elements worth a thread
constexpr std::int64_t kBlock = 512;   // elements computed together, if rows are shorter

/// The loop over out and x whose axis 0 is `axis`.
Loop make_row_loop(const View& out, const View& x, std::size_t axis) {
  Loop loop;
  loop.add_operand(out);
  loop.add_operand(x);
  const auto add = [&](std::size_t at) {
    const std::int64_t strides[] = {out.strides()[at] * loop.item[0], x.strides()[at] * loop.item[1]};
    loop.add_axis(out.shape()[at], strides);
  };
  add(axis);
  for (std::size_t at = out.shape().size(); at-- > 0;) {
    if (at != axis) add(at);
  }
  loop.merge_axes();
  return loop;
}

/// What is the same for every row.
struct Rows {
  const Loop& loop;
  std::int64_t length;
  DType dtype;
  bool log;
};

/// Does rows [first, first + count); `memory` holds three float64 for each of their elements.
void do_rows(const Rows& rows, std::int64_t first, std::int64_t count, double* memory) {
  const SoftmaxKernels& kernels = softmax_kernels();
  const auto n = static_cast<std::size_t>(rows.length);
  const auto number = static_cast<std::size_t>(count);
  const std::size_t size = number * n;
  double* const values = memory;
  double* const exponentials = memory + size;
  auto* const buffer = reinterpret_cast<std::byte*>(memory + 2 * size);

  const Loop& loop = rows.loop;
  const std::int64_t begin = first * rows.length;
  const std::byte* from = buffer;
  if (loop.flat(1)) {
    from = loop.base[1] + begin * loop.item[1];
  } else {
    loop.gather(1, begin, count * rows.length, buffer);
  }
  cast_table().find(static_cast<std::uint32_t>(rows.dtype), DType::float64)(from, values, size);
  kernels.shift(values, number, n);
  if (rows.dtype == DType::float64) {
    double_math(TENON_UNARY_EXP)(values, exponentials, size);
  } else {
    kernels.exponentials(values, exponentials, size);
  }
  if (rows.log) {
    kernels.subtract_log(exponentials, values, number, n);
  } else {
    kernels.divide(exponentials, values, number, n);
  }
  const UnaryKernel narrow = cast_table().find(static_cast<std::uint32_t>(DType::float64), rows.dtype);
  if (loop.flat(0)) {
    narrow(values, loop.base[0] + begin * loop.item[0], size);
  } else {
    narrow(values, buffer, size);
    loop.scatter(0, begin, count * rows.length, buffer);
  }
}

}  // namespace

bool softmax(const Call& call, bool run) {
  const View out = call.output();
  const auto& attributes = call.attributes<tenon_softmax_attributes>();
  const bool known =
      plugin::is_floating(out.dtype()) && attributes.member <= TENON_SOFTMAX_LOG_SOFTMAX && out.rank() > 0;
  if (!known || !run || out.size() == 0) return known;
  const auto axis = static_cast<std::size_t>(attributes.axis);
  const Loop loop = make_row_loop(out, call.input(0), axis);
  const Rows rows = {loop, out.shape()[axis], out.dtype(), attributes.member == TENON_SOFTMAX_LOG_SOFTMAX};
  const std::int64_t number = out.size() / rows.length;
  const std::int64_t together = std::min(number, std::max<std::int64_t>(1, kBlock / rows.length));
  const std::int64_t blocks = (number + together - 1) / together;
  const std::int64_t pieces =
      std::clamp<std::int64_t>(std::min<std::int64_t>(thread_count(), out.size() / kGrain), 1, blocks);
  const std::int64_t size = 3 * together * rows.length;
  const Scratch memory(static_cast<std::size_t>(pieces * size) * sizeof(double));
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      for (std::int64_t b = piece * blocks / pieces; b < (piece + 1) * blocks / pieces; ++b) {
        const std::int64_t first = b * together;
        do_rows(rows, first, std::min(together, number - first), memory.as<double>() + piece * size);
      }
    }
  });
  return true;
}

}  // namespace tenon::cpu
