// REDUCE as folds: over rows where the input is dense along a reduced axis, over columns where it is dense
// along a kept one, over gathered rows elsewhere. A long fold is cut into segments whose bounds depend on the
// shape alone, so that the result does not depend on the number of threads.
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

constexpr std::int64_t kGrain = 32768;      // elements worth a thread
constexpr std::int64_t kSegment = 65536;    // elements worth a segment
constexpr std::int64_t kMaxSegments = 256;  // bounds the scratch memory
constexpr std::int64_t kMaxColumns = 512;   // accumulators of a task: 4 kB
constexpr std::int64_t kGathered = 512;

/// The axes of a reduction, kept and reduced ones apart. Operand 0 is the input; operand 1 of `kept` the
/// output.
struct Plan {
  Loop kept;
  Loop reduced;
  std::int64_t item;
};

Plan make_plan(const View& x, const View& out, std::uint32_t axes) {
  Plan plan;
  plan.item = item_size(x);
  plan.kept.add_operand(x);
  plan.kept.add_operand(out);
  plan.reduced.add_operand(x);
  for (int axis = x.rank(); axis-- > 0;) {
    const auto at = static_cast<std::size_t>(axis);
    const std::int64_t strides[] = {x.strides()[at] * plan.item, out.strides()[at] * item_size(out)};
    ((axes >> axis & 1U) != 0 ? plan.reduced : plan.kept).add_axis(x.shape()[at], strides);
  }
  for (Loop* loop : {&plan.kept, &plan.reduced}) {
    loop->sort_axes(0);
    loop->merge_axes();
  }
  return plan;
}

/// Takes axis 0 off a loop.
Loop without_first_axis(const Loop& loop) {
  Loop rest;
  rest.operands = loop.operands;
  for (int k = 0; k < loop.operands; ++k) {
    rest.base[k] = loop.base[k];
    rest.item[k] = loop.item[k];
  }
  for (int axis = 1; axis < loop.rank; ++axis) {
    std::int64_t strides[Loop::kMaxOperands];
    for (int k = 0; k < loop.operands; ++k) strides[k] = loop.stride[k][axis];
    rest.add_axis(loop.extent[axis], strides);
  }
  return rest;
}

/// The part of `loop` in which its outermost axis runs over [begin, end).
Loop slice_last_axis(const Loop& loop, std::int64_t begin, std::int64_t end) {
  Loop part = loop;
  const int axis = loop.rank - 1;
  for (int k = 0; k < loop.operands; ++k) part.base[k] += begin * loop.stride[k][axis];
  part.extent[axis] = end - begin;
  part.size = loop.size / loop.extent[axis] * (end - begin);
  return part;
}

/// acc[0] = acc[0] op the elements of `reduced`, each shifted by `offset` bytes.
void fold_rows(const Fold& fold, const Loop& reduced, std::int64_t offset, std::byte* acc) {
  const std::int64_t item = reduced.item[0];
  if (reduced.rank == 0 || reduced.stride[0][0] == item) {
    const std::int64_t n = reduced.rank == 0 ? 1 : reduced.extent[0];
    const std::int64_t rows = reduced.rank < 2 ? 1 : reduced.extent[1];
    const std::int64_t row_stride = reduced.rank < 2 ? 0 : reduced.stride[0][1];
    for (std::int64_t i = 0; i < reduced.size; i += n * rows) {
      fold.rows(acc, reduced.address(0, i) + offset, row_stride, static_cast<std::size_t>(rows),
                static_cast<std::size_t>(n));
    }
    return;
  }
  alignas(64) std::byte buffer[kGathered * 8];
  Loop shifted = reduced;
  shifted.base[0] += offset;
  for (std::int64_t i = 0; i < reduced.size; i += kGathered) {
    const std::int64_t n = std::min(kGathered, reduced.size - i);
    shifted.gather(0, i, n, buffer);
    fold.rows(acc, buffer, 0, 1, static_cast<std::size_t>(n));
  }
}

/// Rows shorter than this are folded side by side, after being turned into columns.
constexpr std::int64_t kShortRow = 64;
constexpr std::int64_t kSideBySide = 64;

/// acc[j] = acc[j] op the elements of the dense row of length n that lies j * row_stride bytes from `from`.
void fold_short_rows(const Fold& fold, const std::byte* from, std::int64_t item, std::int64_t n,
                     std::int64_t row_stride, std::int64_t rows, std::byte* acc) {
  alignas(64) std::byte turned[kShortRow * kSideBySide * 8];
  visit_word(item, [&]<typename Word>(plugin::TypeTag<Word>) {
    auto* columns = reinterpret_cast<Word*>(turned);
    for (std::int64_t j = 0; j < rows; ++j) {
      const auto* row = reinterpret_cast<const Word*>(from + j * row_stride);
      for (std::int64_t i = 0; i < n; ++i) columns[i * kSideBySide + j] = row[i];
    }
  });
  fold.columns(acc, turned, kSideBySide * item, static_cast<std::size_t>(n), static_cast<std::size_t>(rows));
}

/// acc[j] = acc[j] op the elements of `reduced`, shifted by `offset` bytes and j elements, for j in [0,
/// columns).
void fold_columns(const Fold& fold, const Loop& reduced, std::int64_t offset, std::int64_t columns,
                  std::byte* acc) {
  const std::int64_t rows = reduced.rank == 0 ? 1 : reduced.extent[0];
  const std::int64_t stride = reduced.rank == 0 ? 0 : reduced.stride[0][0];
  const std::int64_t item = reduced.item[0];
  // Short rows without gaps are folded several at a time, as one wide row.
  const std::int64_t group = stride == columns * item ? kMaxColumns / columns : 1;
  const auto width = static_cast<std::size_t>(columns);
  if (group < 4 || rows < 4 * group) {
    for (std::int64_t i = 0; i < reduced.size; i += rows) {
      fold.columns(acc, reduced.address(0, i) + offset, stride, static_cast<std::size_t>(rows), width);
    }
    return;
  }
  alignas(64) std::byte wide[kMaxColumns * 8];
  fold.start(wide, width * static_cast<std::size_t>(group));
  for (std::int64_t i = 0; i < reduced.size; i += rows) {
    const std::byte* from = reduced.address(0, i) + offset;
    fold.columns(wide, from, stride * group, static_cast<std::size_t>(rows / group),
                 width * static_cast<std::size_t>(group));
    fold.columns(acc, from + rows / group * group * stride, stride, static_cast<std::size_t>(rows % group),
                 width);
  }
  for (std::int64_t g = 0; g < group; ++g) {
    fold.merge(acc, wide + static_cast<std::size_t>(g) * width * fold.accumulator_size, width);
  }
}

/// Tasks are pairs of a block of outputs and a segment of the fold.
class Reduction {
 public:
  Reduction(const Fold& fold, const Plan& plan) : fold_(fold), plan_(plan) {
    const Loop& kept = plan.kept;
    const Loop& reduced = plan.reduced;
    by_column_ = kept.rank > 0 && kept.stride[0][0] == plan.item &&
                 !(reduced.rank > 0 && reduced.stride[0][0] == plan.item);
    short_rows_ = !by_column_ && kept.rank > 0 && kept.extent[0] >= 8 && reduced.rank == 1 &&
                  reduced.extent[0] < kShortRow && reduced.stride[0][0] == plan.item;
    width_ = by_column_ || short_rows_ ? kept.extent[0] : 1;
    block_ = std::min(width_, short_rows_ ? kSideBySide : kMaxColumns);
    blocks_per_row_ = (width_ + block_ - 1) / block_;
    outer_ = width_ > 1 ? without_first_axis(kept) : kept;
    blocks_ = outer_.size * blocks_per_row_;
    if (reduced.rank > 0 && blocks_ < 16) {
      const std::int64_t wanted = reduced.size * block_ / kSegment;
      segments_ =
          std::clamp<std::int64_t>(std::min(wanted, reduced.extent[reduced.rank - 1]), 1, kMaxSegments);
    }
  }

  void run() const {
    const std::int64_t work = std::max<std::int64_t>(1, plan_.reduced.size * block_ / segments_);
    const std::int64_t grain = (kGrain + work - 1) / work;
    const auto slot = static_cast<std::size_t>(block_) * fold_.accumulator_size;
    if (segments_ == 1) {
      parallel_for(blocks_, grain, [&](std::int64_t begin, std::int64_t end) {
        alignas(64) std::byte acc[kMaxColumns * 8];
        for (std::int64_t b = begin; b < end; ++b) {
          fold_block(b, plan_.reduced, acc);
          finish(b, acc);
        }
      });
      return;
    }
    const Scratch partial(slot * static_cast<std::size_t>(blocks_ * segments_));
    auto* acc = partial.as<std::byte>();
    const auto at = [&](std::int64_t task) { return acc + slot * static_cast<std::size_t>(task); };
    const std::int64_t extent = plan_.reduced.extent[plan_.reduced.rank - 1];
    parallel_for(blocks_ * segments_, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task) {
        const std::int64_t s = task % segments_;
        const Loop part =
            slice_last_axis(plan_.reduced, extent * s / segments_, extent * (s + 1) / segments_);
        fold_block(task / segments_, part, at(task));
      }
    });
    for (std::int64_t b = 0; b < blocks_; ++b) {
      std::byte* total = at(b * segments_);
      for (std::int64_t s = 1; s < segments_; ++s) {
        fold_.merge(total, at(b * segments_ + s), static_cast<std::size_t>(columns_of(b)));
      }
      finish(b, total);
    }
  }

 private:
  [[nodiscard]] std::int64_t first_column(std::int64_t b) const { return b % blocks_per_row_ * block_; }
  [[nodiscard]] std::int64_t columns_of(std::int64_t b) const {
    return std::min(block_, width_ - first_column(b));
  }

  void fold_block(std::int64_t b, const Loop& reduced, std::byte* acc) const {
    const std::int64_t columns = columns_of(b);
    fold_.start(acc, static_cast<std::size_t>(columns));
    if (reduced.size == 0) return;
    const std::int64_t step = width_ > 1 ? plan_.kept.stride[0][0] : 0;
    const std::int64_t offset =
        outer_.address(0, b / blocks_per_row_) - outer_.base[0] + first_column(b) * step;
    if (short_rows_) {
      fold_short_rows(fold_, reduced.base[0] + offset, plan_.item, reduced.size, step, columns, acc);
    } else if (by_column_) {
      fold_columns(fold_, reduced, offset, columns, acc);
    } else {
      fold_rows(fold_, reduced, offset, acc);
    }
  }

  void finish(std::int64_t b, const std::byte* acc) const {
    const std::int64_t stride = width_ > 1 ? plan_.kept.stride[1][0] : 0;
    std::byte* out = outer_.address(1, b / blocks_per_row_) + first_column(b) * stride;
    fold_.finish(acc, static_cast<std::size_t>(columns_of(b)), plan_.reduced.size, out, stride);
  }

  const Fold& fold_;
  const Plan& plan_;
  Loop outer_;
  bool by_column_ = false;
  bool short_rows_ = false;
  std::int64_t width_ = 1;  // columns of the input's rows
  std::int64_t block_ = 1;  // columns of a task
  std::int64_t blocks_per_row_ = 1;
  std::int64_t blocks_ = 1;
  std::int64_t segments_ = 1;
};

}  // namespace

bool reduce(const Call& call, bool run) {
  const View x = call.input(0);
  const auto& attributes = call.attributes<tenon_reduce_attributes>();
  const auto& table = fold_table();
  if (attributes.member >= kFoldMembers) return false;
  const Fold& fold = table.kernel[attributes.member][static_cast<std::size_t>(x.dtype())];
  if (fold.rows == nullptr || !run) return fold.rows != nullptr;
  const Plan plan = make_plan(x, call.output(), attributes.axes);
  if (plan.kept.size != 0) Reduction(fold, plan).run();
  return true;
}

}  // namespace tenon::cpu
