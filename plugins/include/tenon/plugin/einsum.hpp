// EINSUM for backends that have no kernel of their own for it: one call becomes one MATMUL, BINARY MUL,
// REDUCE SUM or COPY of the same backend, on the same memory where the layouts allow it, and else after a
// COPY of the operand whose copy costs least.
//
// A mode is a row (a and out have it), a column (b and out), summed (a and b) or of the batch (all three).
// Modes that every operand steps through as through one merge into one. What is left beyond one row, one
// column and one summed mode joins the batch, where a stride of 0 repeats the operand that lacks it; only the
// summed modes must become one. A copied operand has no layout of its own, so its modes merge as the other
// operand's do.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <utility>

namespace tenon::plugin {

/// Looks at one EINSUM call and decides what to do. Owns nothing of the call and is valid as long as it is.
/// Made and used on one thread.
class EinsumLowering {
 public:
  explicit EinsumLowering(const Call& call) : call_(&call) {
    read_modes();
    if (!possible_ || way_ == Way::nothing) return;
    if (call.num_inputs() == 1) {
      way_ = groups_[kA].count > 0 ? Way::reduce : Way::copy;
      if (way_ == Way::reduce && widens()) {
        scratch_bytes_ = static_cast<std::size_t>(call.output().size()) * sizeof(std::int64_t);
      }
    } else if (empty_sum_) {
      way_ = Way::zero;
    } else if (groups_[kSummed].count == 0) {
      way_ = Way::multiply;
    } else {
      way_ = Way::matmul;
      choose();
    }
  }
  EinsumLowering(const EinsumLowering&) = delete;
  EinsumLowering& operator=(const EinsumLowering&) = delete;

  /// Memory that run() needs, on the operands' device: what DLTensor.data holds there, an address or a handle.
  [[nodiscard]] std::size_t scratch_bytes() const { return scratch_bytes_; }

  /// Hands the calls to `each(const tenon_call&)`, in order, which returns whether it did (or would do) the
  /// one it was given; stops at the first false and returns it. Only the last call touches the output.
  template <typename Each>
  bool run(void* scratch, Each&& each) const {
    if (!possible_) return false;
    switch (way_) {
      case Way::nothing:
        return true;
      case Way::zero:
        return run_zero(each);
      case Way::copy:
        return run_copy(each);
      case Way::reduce:
        return run_reduce(scratch, each);
      case Way::multiply:
        return run_multiply(each);
      case Way::matmul:
        return run_matmul(scratch, each);
    }
    return false;
  }

 private:
  enum class Way : std::uint8_t { copy, reduce, multiply, matmul, zero, nothing };

  // The operands; a set of them as bits is a kind of mode.
  enum Operand : std::uint8_t { a = 0, b = 1, out = 2 };
  using Kind = unsigned;
  static constexpr Kind kA = 1, kB = 2, kSummed = 3, kOut = 4, kRow = 5, kColumn = 6, kBatch = 7;
  static constexpr Kind bit(int operand) { return 1U << operand; }

  struct Mode {
    std::int64_t extent;
    std::int64_t stride[3];
  };

  /// Modes of one kind, outermost first, and the runs of neighbours that merge: run r is [first[r], first[r +
  /// 1]).
  struct Group {
    int count = 0;
    int runs = 0;
    Mode modes[TENON_MAX_RANK];
    int first[TENON_MAX_RANK + 1];

    [[nodiscard]] Mode run(int r) const {
      Mode merged = modes[first[r + 1] - 1];
      for (int i = first[r]; i + 1 < first[r + 1]; ++i) merged.extent *= modes[i].extent;
      return merged;
    }
    /// The same, or a mode of extent 1 if there is none.
    [[nodiscard]] Mode run_or_one(int r) const { return runs == 0 ? Mode{1, {0, 0, 0}} : run(r); }
    [[nodiscard]] std::span<Mode> modes_of(int r) { return {modes + first[r], modes + first[r + 1]}; }
    [[nodiscard]] std::span<const Mode> all() const { return {modes, static_cast<std::size_t>(count)}; }
    [[nodiscard]] double size() const {
      double n = 1;
      for (const Mode& mode : all()) n *= static_cast<double>(mode.extent);
      return n;
    }
  };

  /// A tensor of a call that is made here.
  struct Tensor {
    DLTensor tensor;
    std::int64_t shape[TENON_MAX_RANK];
    std::int64_t strides[TENON_MAX_RANK];

    Tensor(const DLTensor& like) : tensor(like) {
      tensor.ndim = 0;
      tensor.shape = shape;
      tensor.strides = strides;
    }
    Tensor(const Tensor&) = delete;
    Tensor& operator=(const Tensor&) = delete;
    void add_axis(std::int64_t extent, std::int64_t stride) {
      shape[tensor.ndim] = extent;
      strides[tensor.ndim++] = stride;
    }
    void move_to(void* memory, std::uint64_t byte_offset) {
      tensor.data = memory;
      tensor.byte_offset = byte_offset;
    }
  };

  /// The copy of an operand: where it lies and where it goes.
  struct Copy {
    explicit Copy(const DLTensor& operand) : outside(operand), inside(operand) {}
    Tensor outside;
    Tensor inside;
    std::size_t offset = 0;  // of `inside` in the scratch memory
  };

  /// A way to see the call as a MATMUL: the operands that are copied, and the runs that are its row and
  /// column.
  struct Choice {
    Kind copied = 0;
    int row = 0;
    int column = 0;
    double cost = std::numeric_limits<double>::infinity();
  };

  // ---- reading the call ----

  [[nodiscard]] View view(int operand) const {
    return operand == out ? call_->output() : call_->input(static_cast<std::size_t>(operand));
  }

  void read_modes() {
    const auto& attributes = call_->attributes<tenon_einsum_attributes>();
    const std::size_t inputs = call_->num_inputs();
    if (inputs != 1 && inputs != 2) return;
    Mode modes[TENON_MAX_MODES];
    std::uint8_t kinds[TENON_MAX_MODES] = {};
    std::uint8_t order[TENON_MAX_MODES];
    int count = 0;
    for (const int operand : {a, b, out}) {
      if (operand == b && inputs == 1) continue;
      const View operand_view = view(operand);
      for (std::size_t axis = 0; axis < operand_view.shape().size(); ++axis) {
        const std::uint8_t mode = attributes.modes[operand][axis];
        if (mode >= TENON_MAX_MODES) return;
        if (kinds[mode] == 0) {
          modes[mode] = {operand_view.shape()[axis], {0, 0, 0}};
          order[count++] = mode;
        }
        modes[mode].stride[operand] += operand_view.strides()[axis];
        kinds[mode] |= static_cast<std::uint8_t>(bit(operand));
      }
    }
    for (int i = 0; i < count; ++i) {
      const Mode& mode = modes[order[i]];
      const Kind kind = kinds[order[i]];
      if (mode.extent == 0) {
        if ((kind & kOut) != 0) way_ = Way::nothing;
        empty_sum_ = true;
      }
      if (mode.extent == 1) continue;
      Group& group = groups_[kind];
      group.modes[group.count++] = mode;
    }
    // What out alone has cannot be computed; what only one of two inputs has the host sums before.
    possible_ = groups_[kOut].count == 0 && groups_[kB].count == 0 && (inputs == 1 || groups_[kA].count == 0);
  }

  // ---- one input ----

  /// Whether REDUCE gives another dtype than EINSUM: integers add up in int64.
  [[nodiscard]] bool widens() const {
    const DType dtype = call_->output().dtype();
    return dtype == DType::int32 || dtype == DType::uint8;
  }

  template <typename Each>
  bool run_call(Each&& each, std::uint32_t op, std::initializer_list<DLTensor> inputs, const DLTensor& output,
                const void* attributes) const {
    const tenon_call call = {sizeof(tenon_call),
                             op,
                             static_cast<std::uint32_t>(inputs.size()),
                             1,
                             inputs.begin(),
                             &output,
                             attributes,
                             call_->stream()};
    return each(call);
  }

  template <typename Each>
  bool run_copy(Each&& each) const {
    Tensor from(view(a).dlpack());
    Tensor to(view(out).dlpack());
    for (const Mode& mode : groups_[kRow].all()) {
      from.add_axis(mode.extent, mode.stride[a]);
      to.add_axis(mode.extent, mode.stride[out]);
    }
    return run_call(each, TENON_OP_COPY, {from.tensor}, to.tensor, nullptr);
  }

  template <typename Each>
  bool run_reduce(void* scratch, Each&& each) const {
    Tensor from(view(a).dlpack());
    Tensor to(view(out).dlpack());
    tenon_reduce_attributes attributes = {sizeof(tenon_reduce_attributes), TENON_REDUCE_SUM, 0};
    for (const Mode& mode : groups_[kRow].all()) {
      from.add_axis(mode.extent, mode.stride[a]);
      to.add_axis(mode.extent, mode.stride[out]);
    }
    for (const Mode& mode : groups_[kA].all()) {
      attributes.axes |= 1U << from.tensor.ndim;
      from.add_axis(mode.extent, mode.stride[a]);
      to.add_axis(1, 0);
    }
    if (!widens()) return run_call(each, TENON_OP_REDUCE, {from.tensor}, to.tensor, &attributes);
    Tensor sums(to.tensor);
    sums.tensor.dtype = to_dlpack(DType::int64);
    sums.move_to(scratch, 0);
    std::int64_t stride = 1;
    for (int axis = 0; axis < to.tensor.ndim; ++axis) {
      sums.add_axis(to.shape[axis], stride);
      stride *= to.shape[axis];
    }
    return run_call(each, TENON_OP_REDUCE, {from.tensor}, sums.tensor, &attributes) &&
           run_call(each, TENON_OP_COPY, {sums.tensor}, to.tensor, nullptr);
  }

  // ---- two inputs ----

  template <typename Each>
  bool run_zero(Each&& each) const {
    const tenon_init_attributes attributes = {
        sizeof(tenon_init_attributes), TENON_INIT_FILL, {{0, 0}, {0, 0}}, 0, 0};
    return run_call(each, TENON_OP_INIT, {}, view(out).dlpack(), &attributes);
  }

  template <typename Each>
  bool run_multiply(Each&& each) const {
    Tensor left(view(a).dlpack());
    Tensor right(view(b).dlpack());
    Tensor to(view(out).dlpack());
    for (const Kind kind : {kBatch, kRow, kColumn}) {
      for (const Mode& mode : groups_[kind].all()) {
        left.add_axis(mode.extent, mode.stride[a]);
        right.add_axis(mode.extent, mode.stride[b]);
        to.add_axis(mode.extent, mode.stride[out]);
      }
    }
    const tenon_member_attributes attributes = {sizeof(tenon_member_attributes), TENON_BINARY_MUL};
    return run_call(each, TENON_OP_BINARY, {left.tensor, right.tensor}, to.tensor, &attributes);
  }

  /// Sorts every group, outermost first, and finds its runs, as far as operands that are not copied hold the
  /// modes in their places.
  void arrange(Kind copied) {
    for (const Kind kind : {kBatch, kRow, kColumn, kSummed}) {
      Group& group = groups_[kind];
      const Kind fixed = kind & ~copied;
      const int key = (fixed & kOut) != 0 ? out : (fixed & kA) != 0 ? a : (fixed & kB) != 0 ? b : a;
      for (int i = 1; i < group.count; ++i) {
        for (int j = i; j > 0 && group.modes[j - 1].stride[key] < group.modes[j].stride[key]; --j) {
          std::swap(group.modes[j - 1], group.modes[j]);
        }
      }
      group.runs = 0;
      for (int i = 0; i < group.count; ++i) {
        if (i == 0 || !merge(group.modes[i - 1], group.modes[i], fixed)) group.first[group.runs++] = i;
      }
      group.first[group.runs] = group.count;
    }
  }

  static bool merge(const Mode& outer, const Mode& inner, Kind fixed) {
    for (const int operand : {a, b, out}) {
      if ((fixed & bit(operand)) != 0 && outer.stride[operand] != inner.stride[operand] * inner.extent)
        return false;
    }
    return true;
  }

  /// Whether a matrix product can take rows and columns of these strides: dense along one, no overlap along
  /// the other.
  static bool is_matrix(const Mode& x, const Mode& y, int operand) {
    const std::int64_t along_x = x.stride[operand];
    const std::int64_t along_y = y.stride[operand];
    return x.extent == 1 || y.extent == 1 || (along_y == 1 && along_x >= y.extent) ||
           (along_x == 1 && along_y >= x.extent);
  }

  // Nanoseconds on a processor of the day. Only their ratios matter, and those change slowly.
  static constexpr double kMultiplyAdd = 0.02;
  static constexpr double kCopiedByte = 0.15;
  static constexpr double kOneCopy = 1000;
  static constexpr double kOneProduct = 150;
  /// An extent below which a product is far from its peak.
  static constexpr double kThin = 6;

  [[nodiscard]] double copy_cost(Kind copied) const {
    double cost = 0;
    for (const int operand : {a, b, out}) {
      if ((copied & bit(operand)) == 0) continue;
      double size = 1;
      for (const Kind kind : {kBatch, kRow, kColumn, kSummed}) {
        if ((kind & bit(operand)) != 0) size *= groups_[kind].size();
      }
      const int item = view(operand).dlpack().dtype.bits / 8;
      cost += kOneCopy + size * kCopiedByte * item;
    }
    return cost;
  }

  /// The cost of the products, or infinity if MATMUL cannot do it so.
  [[nodiscard]] double product_cost(const Choice& choice) const {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    const Mode row = groups_[kRow].run_or_one(choice.row);
    const Mode column = groups_[kColumn].run_or_one(choice.column);
    const Mode summed = groups_[kSummed].run(0);
    const Kind fixed = ~choice.copied;
    if ((fixed & kA) != 0 && !is_matrix(row, summed, a)) return kNever;
    if ((fixed & kB) != 0 && !is_matrix(summed, column, b)) return kNever;
    if ((fixed & kOut) != 0 && !is_matrix(row, column, out)) return kNever;
    const auto m = static_cast<double>(row.extent);
    const auto n = static_cast<double>(column.extent);
    const auto k = static_cast<double>(summed.extent);
    const double products = groups_[kBatch].size() * groups_[kRow].size() * groups_[kColumn].size() / (m * n);
    return products * (kOneProduct + kMultiplyAdd * (m + kThin) * (n + kThin) * (k + kThin));
  }

  /// Tries every set of operands to copy and every row and column, and stops where no copy can make it
  /// better.
  void choose() {
    Choice best;
    Kind arranged = 0;
    for (const Kind copied : {0U, kA, kB, kOut, kA | kB, kA | kOut, kB | kOut, kA | kB | kOut}) {
      const double copies = copy_cost(copied);
      if (copies >= best.cost) continue;
      arrange(copied);
      arranged = copied;
      const Group& rows = groups_[kRow];
      const Group& columns = groups_[kColumn];
      const int rank = groups_[kBatch].runs + std::max(rows.runs, 1) + std::max(columns.runs, 1);
      if (groups_[kSummed].runs != 1 || rank > TENON_MAX_RANK) continue;
      for (int row = 0; row < std::max(rows.runs, 1); ++row) {
        for (int column = 0; column < std::max(columns.runs, 1); ++column) {
          Choice choice = {copied, row, column, 0};
          choice.cost = copies + product_cost(choice);
          if (choice.cost < best.cost) best = choice;
        }
      }
      const bool whole = rows.runs <= 1 && columns.runs <= 1;
      if (copied == 0 && whole && best.cost < std::numeric_limits<double>::infinity()) break;
    }
    choice_ = best;
    if (arranged != best.copied) arrange(best.copied);
    for (const int operand : {a, b, out}) {
      if ((best.copied & bit(operand)) != 0) plan_copy(operand);
    }
  }

  /// Gives a copied operand its own dense layout: batch, what joins the batch, and its matrix, in which the
  /// modes that lie closest together in the original stay so.
  void plan_copy(int operand) {
    Copy& copy = copies_[operand].emplace(view(operand).dlpack());
    Mode* order[TENON_MAX_RANK];
    int count = 0;
    const auto append = [&](std::span<Mode> modes) {
      for (Mode& mode : modes) order[count++] = &mode;
    };
    append({groups_[kBatch].modes, static_cast<std::size_t>(groups_[kBatch].count)});
    std::span<Mode> matrix[2];
    int axes = 0;
    for (const Kind kind : {kRow, kColumn, kSummed}) {
      if ((kind & bit(operand)) == 0) continue;
      Group& group = groups_[kind];
      const int chosen = kind == kRow ? choice_.row : kind == kColumn ? choice_.column : 0;
      for (int r = 0; r < group.runs; ++r) {
        if (r != chosen) append(group.modes_of(r));
      }
      if (group.runs > 0) matrix[axes++] = group.modes_of(chosen);
    }
    const auto nearest = [operand](std::span<const Mode> modes) {
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      for (const Mode& mode : modes) least = std::min(least, mode.stride[operand]);
      return least;
    };
    if (axes == 2 && nearest(matrix[0]) < nearest(matrix[1])) std::swap(matrix[0], matrix[1]);
    for (const std::span<Mode> modes : matrix) append(modes);

    std::int64_t strides[TENON_MAX_RANK];
    std::int64_t size = 1;
    for (int i = count; i-- > 0;) {
      strides[i] = size;
      size *= order[i]->extent;
    }
    for (int i = 0; i < count; ++i) {
      copy.outside.add_axis(order[i]->extent, order[i]->stride[operand]);
      copy.inside.add_axis(order[i]->extent, strides[i]);
      order[i]->stride[operand] = strides[i];
    }
    constexpr std::size_t kAlignment = 64;
    copy.offset = scratch_bytes_;
    const std::size_t bytes = static_cast<std::size_t>(size) * (copy.inside.tensor.dtype.bits / 8U);
    scratch_bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  template <typename Each>
  bool run_matmul(void* scratch, Each&& each) const {
    Tensor frames[] = {view(a).dlpack(), view(b).dlpack(), view(out).dlpack()};
    const auto add_axis = [&](const Mode& mode) {
      for (const int operand : {a, b, out}) frames[operand].add_axis(mode.extent, mode.stride[operand]);
    };
    for (const Kind kind : {kBatch, kRow, kColumn}) {
      const int chosen = kind == kRow ? choice_.row : kind == kColumn ? choice_.column : -1;
      for (int r = 0; r < groups_[kind].runs; ++r) {
        if (r != chosen) add_axis(groups_[kind].run(r));
      }
    }
    const Mode row = groups_[kRow].run_or_one(choice_.row);
    const Mode column = groups_[kColumn].run_or_one(choice_.column);
    const Mode summed = groups_[kSummed].run(0);
    const Mode* const matrices[3][2] = {{&row, &summed}, {&summed, &column}, {&row, &column}};
    for (const int operand : {a, b, out}) {
      for (const Mode* const mode : matrices[operand]) {
        frames[operand].add_axis(mode->extent, mode->stride[operand]);
      }
    }
    for (const int operand : {a, b, out}) {
      if (!copies_[operand]) continue;
      const DLTensor copied = inside(operand, scratch);
      frames[operand].move_to(copied.data, copied.byte_offset);
      if (operand != out &&
          !run_call(each, TENON_OP_COPY, {copies_[operand]->outside.tensor}, copied, nullptr)) {
        return false;
      }
    }
    const tenon_matmul_attributes attributes = {
        sizeof(tenon_matmul_attributes), TENON_NO_ACTIVATION, {1.0, 1}, {0.0, 0}};
    if (!run_call(each, TENON_OP_MATMUL, {frames[a].tensor, frames[b].tensor}, frames[out].tensor,
                  &attributes)) {
      return false;
    }
    if (!copies_[out]) return true;
    return run_call(each, TENON_OP_COPY, {inside(out, scratch)}, copies_[out]->outside.tensor, nullptr);
  }

  /// Scratch memory may be a handle: the place in it goes into byte_offset.
  [[nodiscard]] DLTensor inside(int operand, void* scratch) const {
    DLTensor tensor = copies_[operand]->inside.tensor;
    tensor.data = scratch;
    tensor.byte_offset = copies_[operand]->offset;
    return tensor;
  }

  const Call* call_;
  bool possible_ = false;
  bool empty_sum_ = false;
  Way way_ = Way::copy;
  std::size_t scratch_bytes_ = 0;
  Choice choice_;
  Group groups_[8];
  std::optional<Copy> copies_[3];
};

}  // namespace tenon::plugin
