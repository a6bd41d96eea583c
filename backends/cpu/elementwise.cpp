// UNARY, BINARY and TERNARY on operands of any layout: the elements pass in chunks through kernels on dense
// arrays. Operands that are dense in the loop's order are handed over where they lie; others go by way of a
// buffer.
#include "cpu/chunks.h"
#include "cpu/copy.h"
#include "cpu/families.h"
#include "cpu/scratch.h"
#include "cpu/tables.h"

#include <algorithm>
#include <optional>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

bool single(const View& view) {
  for (const std::int64_t extent : view.shape()) {
    if (extent != 1) return false;
  }
  return true;
}

/// Whether reading operand `k` in the loop's order means a new cache line for every element, and again on the
/// next row.
bool runs_across(const Loop& loop, int k) {
  constexpr std::int64_t kCached = 512 << 10;
  if (loop.rank < 2 || loop.size * loop.item[k] < kCached || loop.stride[k][0] < 64) return false;
  return std::find(loop.stride[k] + 1, loop.stride[k] + loop.rank, loop.item[k]) !=
         loop.stride[k] + loop.rank;
}

/// for_each_chunk, but large inputs that run across the output's rows are first turned around, tile by tile.
template <typename Kernel>
void for_each_ordered_chunk(Loop loop, std::int64_t grain, Kernel&& kernel) {
  std::optional<Scratch> turned[Loop::kMaxOperands];
  for (int k = 1; k < loop.operands; ++k) {
    if (!runs_across(loop, k)) continue;
    turned[k].emplace(static_cast<std::size_t>(loop.size * loop.item[k]));
    Loop turn = loop;
    turn.operands = 2;
    turn.base[1] = loop.base[k];
    turn.item[0] = turn.item[1] = loop.item[k];
    std::copy_n(loop.stride[k], loop.rank, turn.stride[1]);
    std::int64_t stride = loop.item[k];
    for (int axis = 0; axis < loop.rank; stride *= loop.extent[axis++]) loop.stride[k][axis] = stride;
    loop.base[k] = turn.base[0] = turned[k]->as<std::byte>();
    std::copy_n(loop.stride[k], loop.rank, turn.stride[0]);
    copy_elements(turn);
  }
  for_each_chunk(loop, grain, kernel);
}

/// Rows shorter than this cost less in chunks of many.
constexpr std::int64_t kShortestRow = 16;

/// The kernel for the operands' strides along the loop's axis 0, or null if there is none.
auto row_kernel(const Loop& loop, const BinaryRowKernels& kernels) -> void (*)(const BinaryRows&) {
  if (kernels.dense == nullptr || loop.rank == 0 || loop.extent[0] < kShortestRow) return nullptr;
  const auto dense = [&](int k) { return loop.stride[k][0] == loop.item[k]; };
  const auto repeated = [&](int k) { return loop.stride[k][0] == 0; };
  if (!dense(0)) return nullptr;
  if (dense(1) && dense(2)) return kernels.dense;
  if (repeated(1) && dense(2)) return kernels.repeated_a;
  return dense(1) && repeated(2) ? kernels.repeated_b : nullptr;
}

/// Hands over as many rows of axis 0 at a time as lie along axis 1; threads share the rows, or a single row's
/// elements.
void for_each_row(const Loop& loop, std::int64_t grain, void (*kernel)(const BinaryRows&)) {
  const std::int64_t n = loop.extent[0];
  const std::int64_t rows = loop.size / n;
  if (rows == 1) {
    parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
      const auto at = [&](int k) { return loop.base[k] + begin * loop.stride[k][0]; };
      kernel({at(1), at(2), at(0), 0, 0, 0, 1, static_cast<std::size_t>(end - begin)});
    });
    return;
  }
  const std::int64_t plane = loop.extent[1];
  parallel_for(rows, std::max<std::int64_t>(1, grain / n), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end;) {
      const std::int64_t count = std::min(end - row, plane - row % plane);
      kernel({loop.address(1, row * n), loop.address(2, row * n), loop.address(0, row * n), loop.stride[1][1],
              loop.stride[2][1], loop.stride[0][1], static_cast<std::size_t>(count),
              static_cast<std::size_t>(n)});
      row += count;
    }
  });
}

/// How many elements are worth a thread: about 10 microseconds of work.
std::int64_t unary_grain(std::uint32_t member, DType dtype) {
  if (double_math(member) == nullptr) return 32768;
  return dtype == DType::float64 ? 1024 : 8192;
}

}  // namespace

bool unary(const Call& call, bool run) {
  const View x = call.input(0);
  const std::uint32_t member = call.member();
  const DType dtype = x.dtype();
  const UnaryKernel kernel = unary_table().find(member, dtype);
  if (kernel == nullptr || !run) return kernel != nullptr;
  const View out = call.output();
  if (single(out)) {
    kernel(address(x), address(out), 1);
    return true;
  }
  const View views[] = {out, x};
  for_each_chunk(
      make_loop(views), unary_grain(member, dtype),
      [kernel](const std::byte* const* in, std::byte* to, std::size_t n) { kernel(in[0], to, n); });
  return true;
}

bool binary(const Call& call, bool run) {
  const View a = call.input(0);
  const std::uint32_t member = call.member();
  const BinaryKernel kernel = binary_table().find(member, a.dtype());
  if (kernel == nullptr || !run) return kernel != nullptr;
  const View b = call.input(1);
  const View out = call.output();
  if (single(out)) {
    kernel(address(a), address(b), address(out), 1);
    return true;
  }
  const View views[] = {out, a, b};
  const Loop loop = make_loop(views);
  const std::int64_t grain = member == TENON_BINARY_POW ? 2048 : 32768;
  if (const auto rows = row_kernel(loop, binary_row_table().find(member, a.dtype())); rows != nullptr) {
    if (loop.size > 0) for_each_row(loop, grain, rows);
    return true;
  }
  for_each_chunk(loop, grain, [kernel](const std::byte* const* in, std::byte* to, std::size_t n) {
    kernel(in[0], in[1], to, n);
  });
  return true;
}

bool ternary(const Call& call, bool run) {
  const TernaryKernel kernel = ternary_table().find(call.member(), call.input(1).dtype());
  if (kernel == nullptr || !run) return kernel != nullptr;
  const View out = call.output();
  const View views[] = {out, call.input(0), call.input(1), call.input(2)};
  if (single(out)) {
    kernel(address(views[1]), address(views[2]), address(views[3]), address(out), 1);
    return true;
  }
  for_each_ordered_chunk(make_loop(views), 16384,
                         [kernel](const std::byte* const* in, std::byte* to, std::size_t n) {
                           kernel(in[0], in[1], in[2], to, n);
                         });
  return true;
}

}  // namespace tenon::cpu
