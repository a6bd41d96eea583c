#include "plan.h"

#include <tenon/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <numeric>
#include <unordered_map>

#include "schedule.h"

namespace tenon::contraction {
namespace {

bool contains(const Labels& labels, Label label) { return std::ranges::find(labels, label) != labels.end(); }

template <typename Keep>
Labels filtered(const Labels& labels, Keep&& keep) {
  Labels kept;
  std::ranges::copy_if(labels, std::back_inserter(kept), keep);
  return kept;
}

void append(Labels& to, const Labels& labels) { to.insert(to.end(), labels.begin(), labels.end()); }

// The batch, the rows and the columns as they lie in memory.
Labels natural_order(const Labels& a, const Labels& b, const Labels& kept) {
  const auto in_both = [&](Label label) { return contains(a, label) && contains(b, label); };
  Labels order;
  append(order, filtered(a, [&](Label label) { return in_both(label) && contains(kept, label); }));
  append(order, filtered(a, [&](Label label) { return !in_both(label) && contains(kept, label); }));
  append(order, filtered(b, [&](Label label) { return !in_both(label) && contains(kept, label); }));
  return order;
}

// ---- making a plan ----

class Planning {
 public:
  Planning(const Source& source, std::span<const Tensor> operands, const EinsumOptions& options)
      : operands_(operands), equation_(bind(source, shapes_of(operands))) {
    const Schedule steps = schedule(equation_, options.memory_limit);
    for (std::size_t i = 0; i < operands.size(); ++i) prepare(i);
    for (std::size_t i = 0; i < steps.steps.size(); ++i) {
      add_call(steps.steps[i], i + 1 == steps.steps.size());
    }
    finish(steps.output);
  }

  Plan take() { return std::move(plan_); }

 private:
  // What a tensor's axes are, and how they lie.
  struct Held {
    Labels labels;     // of its axes, in order
    Labels by_stride;  // the same labels as they lie in memory
  };

  static std::vector<Shape> shapes_of(std::span<const Tensor> tensors) {
    std::vector<Shape> shapes;
    for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
    return shapes;
  }

  void prepare(std::size_t operand) {
    Plan::Preparation& preparation = plan_.operands.emplace_back();
    Labels labels = equation_.operands[operand];
    std::vector<std::int64_t> strides(operands_[operand].strides().begin(),
                                      operands_[operand].strides().end());
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      const auto twin =
          std::find(labels.begin() + static_cast<std::ptrdiff_t>(axis) + 1, labels.end(), labels[axis]);
      if (twin == labels.end()) continue;
      const auto other = static_cast<std::size_t>(twin - labels.begin());
      preparation.diagonals.emplace_back(axis, other);
      labels.push_back(labels[axis]);
      strides.push_back(strides[axis] + strides[other]);
      for (const std::size_t gone : {other, axis}) {
        labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(gone));
        strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(gone));
      }
      --axis;
    }
    Held held;
    Strides kept;
    for (std::size_t axis = 0; axis < labels.size(); ++axis) {
      if (equation_.extents[labels[axis]] == 1 || is_stretched(operand, labels[axis])) {
        preparation.dropped.push_back(static_cast<std::int64_t>(axis));
      } else {
        held.labels.push_back(labels[axis]);
        kept.push_back(strides[axis]);
      }
    }
    held.by_stride = by_stride(held.labels, kept);
    held_.push_back(std::move(held));
    plan_.prepares = plan_.prepares || !preparation.diagonals.empty() || !preparation.dropped.empty();
  }

  // Whether the operand has extent 1 where others have more.
  [[nodiscard]] bool is_stretched(std::size_t operand, Label label) const {
    const Labels& labels = equation_.operands[operand];
    const auto axis = std::ranges::find(labels, label) - labels.begin();
    return operands_[operand].shape()[static_cast<std::size_t>(axis)] != equation_.extents[label];
  }

  void add_call(const Step& step, bool last) {
    Plan::Call call{};
    call.count = step.inputs.size();
    std::vector<Labels> inputs;
    for (std::size_t i = 0; i < call.count; ++i) {
      call.inputs[i] = step.inputs[i];
      inputs.push_back(held_[step.inputs[i]].labels);
    }
    const Labels& a = held_[step.inputs[0]].by_stride;
    Labels output = step.output;
    if (call.count == 2) {
      const Labels& b = held_[step.inputs[1]].by_stride;
      output = last ? result_order(a, b, step.output) : natural_order(a, b, step.output);
    } else if (!last) {
      output = filtered(a, [&](Label label) { return contains(step.output, label); });
    }
    if (output.size() > kMaxRank) {
      throw ShapeError(fmt::format("[einsum] an intermediate result has {} axes, {} are the most",
                                   output.size(), kMaxRank));
    }
    call.attributes = modes_of(inputs, output);
    for (const Label label : output) call.shape.push_back(equation_.extents[label]);
    held_.push_back({output, output});
    plan_.calls.push_back(call);
  }

  void finish(const Labels& output) {
    const Labels& result = held_.back().labels;
    if (result != output) {
      for (const Label label : output)
        plan_.permutation.push_back(std::ranges::find(result, label) - result.begin());
    }
    for (std::size_t axis = 0; axis < equation_.output.size(); ++axis) {
      if (equation_.extents[equation_.output[axis]] == 1)
        plan_.inserted.push_back(static_cast<std::int64_t>(axis));
    }
  }

  std::span<const Tensor> operands_;
  Equation equation_;
  std::vector<Held> held_;
  Plan plan_;
};

// ---- the cache ----

using Key = std::vector<std::int64_t>;

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::span<const std::int64_t> key) const {
    std::uint64_t hash = key.size();
    for (const std::int64_t word : key) {
      hash = (hash ^ static_cast<std::uint64_t>(word)) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
};

struct KeyEqual {
  using is_transparent = void;
  bool operator()(std::span<const std::int64_t> a, std::span<const std::int64_t> b) const {
    return std::ranges::equal(a, b);
  }
};

// Everything that a plan depends on.
void write_key(const Source& source, std::span<const Tensor> operands, const EinsumOptions& options,
               std::int64_t* to) {
  *to++ = options.memory_limit ? 1 : 0;
  *to++ = options.memory_limit.value_or(0);
  *to++ = static_cast<std::int64_t>(source.tokens.size());
  to = std::ranges::copy(source.tokens, to).out;
  for (const Tensor& operand : operands) {
    *to++ = static_cast<std::int64_t>(operand.rank());
    to = std::ranges::copy(operand.shape(), to).out;
    to = std::ranges::copy(operand.strides(), to).out;
  }
}

class PlanCache {
 public:
  std::shared_ptr<const Plan> find(std::span<const std::int64_t> key) {
    const std::lock_guard lock(mutex_);
    const auto found = plans_.find(key);
    return found == plans_.end() ? nullptr : found->second;
  }

  void keep(std::span<const std::int64_t> key, std::shared_ptr<const Plan> plan) {
    const std::lock_guard lock(mutex_);
    if (plans_.size() >= kMost) plans_.clear();
    plans_.emplace(Key(key.begin(), key.end()), std::move(plan));
  }

 private:
  static constexpr std::size_t kMost = 4096;
  std::mutex mutex_;
  std::unordered_map<Key, std::shared_ptr<const Plan>, KeyHash, KeyEqual> plans_;
};

// Never destroyed: static tensors may be contracted until the very end.
PlanCache& cache() {
  static auto* plans = new PlanCache;
  return *plans;
}

}  // namespace

Labels by_stride(const Labels& labels, const Strides& strides) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t x, std::size_t y) { return strides[x] > strides[y]; });
  Labels sorted;
  for (const std::size_t i : order) sorted.push_back(labels[i]);
  return sorted;
}

Labels result_order(const Labels& a, const Labels& b, const Labels& wanted) {
  const auto is_row = [&](Label label) { return contains(wanted, label) && !contains(b, label); };
  const auto is_column = [&](Label label) { return contains(wanted, label) && !contains(a, label); };
  const auto is_batch = [&](Label label) { return contains(a, label) && contains(b, label); };
  const bool sums =
      std::ranges::any_of(a, [&](Label label) { return is_batch(label) && !contains(wanted, label); });
  if (!sums) return wanted;  // a product of elements writes in any order
  const Labels rows = filtered(a, is_row);
  const Labels columns = filtered(b, is_column);
  if (rows.empty() && columns.empty()) return wanted;
  // Rows side by side and as they lie in a, columns as in b, and one of them innermost.
  const auto holds = [&](const Labels& part) {
    return std::search(wanted.begin(), wanted.end(), part.begin(), part.end()) != wanted.end() ||
           part.empty();
  };
  if (holds(rows) && holds(columns) && !is_batch(wanted.back())) return wanted;
  Labels order = filtered(wanted, is_batch);
  const bool rows_last = is_row(wanted.back());
  append(order, rows_last ? columns : rows);
  append(order, rows_last ? rows : columns);
  return order;
}

tenon_einsum_attributes modes_of(std::span<const Labels> inputs, const Labels& output) {
  tenon_einsum_attributes attributes = {};
  attributes.struct_size = sizeof(attributes);
  Labels known;
  const auto mode = [&](Label label) {
    const auto at = std::ranges::find(known, label);
    const auto number = static_cast<std::uint8_t>(at - known.begin());
    if (at == known.end()) known.push_back(label);
    return number;
  };
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    for (std::size_t axis = 0; axis < inputs[input].size(); ++axis) {
      attributes.modes[input][axis] = mode(inputs[input][axis]);
    }
  }
  for (std::size_t axis = 0; axis < output.size(); ++axis) attributes.modes[2][axis] = mode(output[axis]);
  return attributes;
}

std::shared_ptr<const Plan> plan_for(const Source& source, std::span<const Tensor> operands,
                                     const EinsumOptions& options) {
  constexpr std::size_t kShortKey = 160;
  std::size_t length = 3 + source.tokens.size();
  for (const Tensor& operand : operands) length += 1 + 2 * operand.rank();
  std::array<std::int64_t, kShortKey> short_key;
  Key long_key(length > kShortKey ? length : 0);
  std::int64_t* const words = length > kShortKey ? long_key.data() : short_key.data();
  write_key(source, operands, options, words);
  const std::span<const std::int64_t> key(words, length);
  std::shared_ptr<const Plan> plan = cache().find(key);
  if (plan == nullptr) {
    plan = std::make_shared<const Plan>(Planning(source, operands, options).take());
    cache().keep(key, plan);
  }
  return plan;
}

}  // namespace tenon::contraction
