// Losses as objects: they hold their options and are called with a prediction and a target. The formulas are
// those of functional.h.
#pragma once

#include <tenon/export.h>
#include <tenon/nn/functional.h>
#include <tenon/tensor.h>

namespace tenon::nn {

/// Immutable; may be called from several threads at once.
class TENON_API Loss {
 public:
  virtual ~Loss() = default;
  virtual Tensor operator()(const Tensor& prediction, const Tensor& target) const = 0;
};

class TENON_API MSELoss : public Loss {
 public:
  explicit MSELoss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor operator()(const Tensor& prediction, const Tensor& target) const override;

 private:
  Reduction reduction_;
};

/// Of log-probabilities and class indices.
class TENON_API NLLLoss : public Loss {
 public:
  explicit NLLLoss(NLLOptions options = {}) : options_(std::move(options)) {}
  Tensor operator()(const Tensor& prediction, const Tensor& target) const override;

 private:
  NLLOptions options_;
};

/// Of logits and class indices.
class TENON_API CrossEntropyLoss : public Loss {
 public:
  explicit CrossEntropyLoss(CrossEntropyOptions options = {}) : options_(std::move(options)) {}
  Tensor operator()(const Tensor& prediction, const Tensor& target) const override;

 private:
  CrossEntropyOptions options_;
};

/// Of logits and probabilities.
class TENON_API BCEWithLogitsLoss : public Loss {
 public:
  explicit BCEWithLogitsLoss(BCEOptions options = {}) : options_(std::move(options)) {}
  Tensor operator()(const Tensor& prediction, const Tensor& target) const override;

 private:
  BCEOptions options_;
};

}  // namespace tenon::nn
