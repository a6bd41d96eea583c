#include <tenon/nn/loss.h>

namespace tenon::nn {

Tensor MSELoss::operator()(const Tensor& prediction, const Tensor& target) const {
  return mse_loss(prediction, target, reduction_);
}
Tensor NLLLoss::operator()(const Tensor& prediction, const Tensor& target) const {
  return nll_loss(prediction, target, options_);
}
Tensor CrossEntropyLoss::operator()(const Tensor& prediction, const Tensor& target) const {
  return cross_entropy(prediction, target, options_);
}
Tensor BCEWithLogitsLoss::operator()(const Tensor& prediction, const Tensor& target) const {
  return binary_cross_entropy_with_logits(prediction, target, options_);
}

}  // namespace tenon::nn
