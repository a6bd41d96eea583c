// Losses and dropout as functions. loss.h and dropout.h are the objects around them. Targets and weights go to
// where the scores lie.
#pragma once

#include <tenon/export.h>
#include <tenon/random.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <string_view>

namespace tenon::nn {

/// What becomes of the losses of the single elements.
enum class Reduction : std::uint8_t { mean, sum, none };

TENON_API std::string_view name(Reduction reduction);

struct NLLOptions {
  Tensor weight{};                   ///< [C], a factor for each class; undefined for 1
  std::int64_t ignore_index = -100;  ///< targets of this value count for nothing
  Reduction reduction = Reduction::mean;
};

struct CrossEntropyOptions {
  Tensor weight{};                   ///< [C], a factor for each class; undefined for 1
  std::int64_t ignore_index = -100;  ///< targets of this value count for nothing
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;  ///< in [0, 1]: how much of a target is spread over all classes
};

struct BCEOptions {
  Tensor weight{};      ///< a factor for each element, broadcast; undefined for 1
  Tensor pos_weight{};  ///< a factor for the positive part, broadcast; undefined for 1
  Reduction reduction = Reduction::mean;
};

/// (prediction - target)^2. Throws ShapeError unless both have one shape.
TENON_API Tensor mse_loss(const Tensor& prediction, const Tensor& target,
                          Reduction reduction = Reduction::mean);

/// -w[t] log_probabilities[t] for each class index t in `targets`: log_probabilities [N, C, ...] (or [C]),
/// targets [N, ...] (or a scalar), int32 or int64. The mean is weighted: divided by the sum of w[t] over the
/// targets that are not ignored. Throws ShapeError, DTypeError; IndexError on a target outside [0, C).
TENON_API Tensor nll_loss(const Tensor& log_probabilities, const Tensor& targets,
                          const NLLOptions& options = {});

/// nll_loss of log_softmax(logits) over the classes. With label smoothing s the target distribution is
/// (1 - s) onehot(t) + s / C (Szegedy et al. 2016, section 7), each class with its weight as in PyTorch.
/// Shapes and errors as nll_loss; IndexError if label_smoothing is outside [0, 1].
TENON_API Tensor cross_entropy(const Tensor& logits, const Tensor& targets,
                               const CrossEntropyOptions& options = {});

/// -(p y log sigmoid(x) + (1 - y) log(1 - sigmoid(x))), p the pos_weight, computed as
/// p y softplus(-x) + (1 - y) softplus(x), which neither overflows nor cancels. `targets` has the shape of
/// `logits`, floating. Throws ShapeError, DTypeError.
TENON_API Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                                  const BCEOptions& options = {});

/// Each element 0 with probability p, else x / (1 - p); x itself unless `training`. Throws IndexError unless
/// 0 <= p <= 1.
TENON_API Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
                         Generator& generator = default_generator());

}  // namespace tenon::nn
