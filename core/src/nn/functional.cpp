#include <tenon/nn/functional.h>

#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tenon::nn {
namespace {

void check_same_shape(std::string_view op, std::string_view name, const Tensor& a, const Tensor& target,
                      std::string_view target_name) {
  const Shape& left = a.shape();
  const Shape& right = target.shape();
  if (left == right) return;
  std::string where = fmt::format("ranks are {} and {}", left.size(), right.size());
  for (std::size_t i = 0; left.size() == right.size() && i < left.size(); ++i) {
    if (left[i] != right[i]) {
      where = fmt::format("axis {} is {} and {}", i, left[i], right[i]);
      break;
    }
  }
  throw ShapeError(
      fmt::format("[{}] {} {}, {} {}: {}", op, name, to_string(left), target_name, to_string(right), where));
}

Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean:
      return mean(losses);
    case Reduction::sum:
      return sum(losses);
    case Reduction::none:
      break;
  }
  return losses;
}

// ---- losses of class indices ----

// Class indices that were checked against their scores and can be gathered with.
struct ClassTargets {
  std::size_t axis;  // that of the classes in the scores
  Tensor index;      // the targets, 0 where they are ignored
  Tensor ignored;    // bool; undefined if none is
  Tensor weight;     // of each target's class; undefined for 1

  [[nodiscard]] std::int64_t class_axis() const { return static_cast<std::int64_t>(axis); }
  [[nodiscard]] bool plain() const { return !ignored.defined() && !weight.defined(); }
};

void check_targets(std::string_view op, std::string_view scores_name, const Tensor& scores,
                   const Tensor& targets, std::size_t axis) {
  if (targets.dtype() != DType::int32 && targets.dtype() != DType::int64) {
    throw DTypeError(
        fmt::format("[{}] targets are class indices in int32 or int64, not {}", op, name(targets.dtype())));
  }
  const std::string both = fmt::format("[{}] {} {}, targets {}", op, scores_name, to_string(scores.shape()),
                                       to_string(targets.shape()));
  Shape expected = scores.shape();
  expected.erase(axis);
  if (targets.rank() != expected.size()) {
    throw ShapeError(fmt::format("{}: targets must be {}", both, to_string(expected)));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (targets.shape()[i] == expected[i]) continue;
    if (i < axis) {
      throw ShapeError(fmt::format("{}: axis {} is {} and {}", both, i, expected[i], targets.shape()[i]));
    }
    throw ShapeError(fmt::format("{}: axis {} of {} is {}, axis {} of targets {}", both, i + 1, scores_name,
                                 expected[i], i, targets.shape()[i]));
  }
}

ClassTargets class_targets(std::string_view op, std::string_view scores_name, const Tensor& scores,
                           const Tensor& targets, const Tensor& weight, std::int64_t ignore_index) {
  if (scores.rank() == 0) throw ShapeError(fmt::format("[{}] {} have no axis of classes", op, scores_name));
  ClassTargets result{scores.rank() == 1 ? 0U : 1U, {}, {}, {}};
  check_targets(op, scores_name, scores, targets, result.axis);
  // Looking at the targets costs less than masking where there is nothing to mask, unless a device would be
  // waited for.
  const auto has_ignored = [&] {
    const std::vector<std::int64_t> labels = targets.to_vector<std::int64_t>();
    return std::ranges::find(labels, ignore_index) != labels.end();
  };
  const bool masks = !targets.device().is_host() || has_ignored();
  result.index = to(targets, scores.device());
  if (masks) {
    result.ignored = eq(result.index, ignore_index);
    result.index = where(result.ignored, scalar_beside(result.index, 0), result.index);
  }
  if (weight.defined()) {
    const std::int64_t classes = scores.shape()[result.axis];
    if (weight.shape() != Shape{classes}) {
      throw ShapeError(fmt::format("[{}] weight is {}, one for each of {} classes is needed: {}", op,
                                   to_string(weight.shape()), classes, to_string(Shape{classes})));
    }
    const Tensor of_targets = index_select(to(astype(weight, to_floating(scores.dtype())), scores.device()),
                                           0, reshape(result.index, {targets.size()}));
    result.weight = reshape(of_targets, targets.shape());
  }
  return result;
}

// The scores of the targets' classes, in the shape of the targets.
Tensor picked(const Tensor& scores, const ClassTargets& targets) {
  const std::int64_t axis = targets.class_axis();
  return squeeze(gather(scores, axis, unsqueeze(targets.index, axis)), {axis});
}

// Ignored targets count for nothing, and the mean is that of the weights.
Tensor reduced(const Tensor& losses, const ClassTargets& targets, Reduction reduction) {
  const auto counted = [&](const Tensor& x) {
    return targets.ignored.defined() ? where(targets.ignored, scalar_beside(x, 0), x) : x;
  };
  if (reduction != Reduction::mean || targets.plain()) return reduced(counted(losses), reduction);
  const Tensor weights = targets.weight.defined() ? targets.weight : ones_like(losses);
  return sum(counted(losses)) / sum(counted(weights));
}

Tensor nll(const Tensor& log_probabilities, const ClassTargets& targets, Reduction reduction) {
  const Tensor losses = -picked(log_probabilities, targets);
  return reduced(targets.weight.defined() ? losses * targets.weight : losses, targets, reduction);
}

// [N, ..., C] as [N, C, ...].
Tensor last_axis_to(const Tensor& x, std::size_t axis) {
  Axes order;
  for (std::size_t i = 0; i + 1 < x.rank(); ++i) order.push_back(static_cast<std::int64_t>(i));
  order.insert(axis, static_cast<std::int64_t>(x.rank()) - 1);
  return permute(x, order);
}

// With all weights 1 the gradient has a closed form, (softmax(logits) - onehot(targets)) dL, which takes half
// the ops of the chain rule.
Tensor plain_cross_entropy(const Tensor& logits, const ClassTargets& targets, Reduction reduction) {
  const std::size_t axis = targets.axis;
  // Recorded, so that the gradient can be differentiated again.
  const Tensor log_probabilities = log_softmax(logits, targets.class_axis());
  Tensor out;
  {
    const NoGrad no_grad;
    out = -reduced(picked(log_probabilities, targets), reduction);
  }
  if (!autograd::recording({&logits})) return out;
  autograd::record(out, "cross_entropy",
                   {{&logits, [=, saved = autograd::Saved(log_probabilities),
                               index = autograd::Saved(targets.index)](const Tensor& g, const Tensor&) {
                       const Tensor& log_p = *saved;
                       const Tensor expected =
                           last_axis_to(one_hot(*index, log_p.shape()[axis], log_p.dtype()), axis);
                       const Tensor error = exp(log_p) - expected;
                       if (reduction == Reduction::none)
                         return error * unsqueeze(g, static_cast<std::int64_t>(axis));
                       const auto count = static_cast<double>(index.get().size());
                       return error * (reduction == Reduction::mean ? g / count : g);
                     }}});
  return out;
}

}  // namespace

std::string_view name(Reduction reduction) {
  switch (reduction) {
    case Reduction::mean:
      return "mean";
    case Reduction::sum:
      return "sum";
    case Reduction::none:
      break;
  }
  return "none";
}

Tensor mse_loss(const Tensor& prediction, const Tensor& target, Reduction reduction) {
  check_same_shape("mse_loss", "prediction", prediction, target, "target");
  return reduced(square(prediction - to(target, prediction.device())), reduction);
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& targets, const NLLOptions& options) {
  return nll(log_probabilities,
             class_targets("nll_loss", "log_probabilities", log_probabilities, targets, options.weight,
                           options.ignore_index),
             options.reduction);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options) {
  const double smoothing = options.label_smoothing;
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw IndexError(fmt::format("[cross_entropy] label_smoothing {} is outside [0, 1]", smoothing));
  }
  const ClassTargets classes =
      class_targets("cross_entropy", "logits", logits, targets, options.weight, options.ignore_index);
  if (classes.plain() && smoothing == 0) return plain_cross_entropy(logits, classes, options.reduction);

  const Tensor log_probabilities = log_softmax(logits, classes.class_axis());
  Tensor hard = nll(log_probabilities, classes, options.reduction);
  if (smoothing == 0) return hard;
  Tensor terms = log_probabilities;
  if (options.weight.defined()) {
    Shape column(logits.rank(), 1);
    column[classes.axis] = -1;
    terms = terms * reshape(to(astype(options.weight, terms.dtype()), terms.device()), column);
  }
  const Tensor even = reduced(-sum(terms, {classes.class_axis()}), classes, options.reduction);
  const auto count = static_cast<double>(logits.shape()[classes.axis]);
  return hard * (1 - smoothing) + even * (smoothing / count);
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const BCEOptions& options) {
  check_same_shape("binary_cross_entropy_with_logits", "logits", logits, targets, "targets");
  if (!is_floating(targets.dtype())) {
    throw DTypeError(
        fmt::format("[binary_cross_entropy_with_logits] targets are probabilities, floating, not {}",
                    name(targets.dtype())));
  }
  const Tensor wanted = to(targets, logits.device());
  const auto weighted = [&](const Tensor& losses, const Tensor& weight) {
    return weight.defined() ? losses * to(weight, logits.device()) : losses;
  };
  const Tensor positive = wanted * softplus(-logits);
  const Tensor losses = weighted(positive, options.pos_weight) + (1 - wanted) * softplus(logits);
  return reduced(weighted(losses, options.weight), options.reduction);
}

}  // namespace tenon::nn
