#pragma once

#include <tenon/nn/module.h>
#include <tenon/random.h>

namespace tenon::nn {

/// y = x weight^T + bias: [..., in] -> [..., out].
///
/// weight [out, in] and bias [out] start uniform on [-1/sqrt(in), 1/sqrt(in)), drawn in this order: PyTorch's
/// default, which for the weight is kaiming_uniform_ with a = sqrt(5).
class TENON_API Linear : public Module {
 public:
  /// Throws ShapeError unless both extents are positive, DTypeError unless `dtype` is floating.
  Linear(std::int64_t in_features, std::int64_t out_features, bool bias = true, DType dtype = DType::float32,
         Generator& generator = default_generator());

  [[nodiscard]] std::int64_t in_features() const { return weight_.shape()[1]; }
  [[nodiscard]] std::int64_t out_features() const { return weight_.shape()[0]; }
  [[nodiscard]] const Tensor& weight() const { return weight_; }
  /// Undefined if there is none.
  [[nodiscard]] Tensor bias() const { return bias_ == nullptr ? Tensor() : *bias_; }
  [[nodiscard]] std::string extra() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  Tensor& weight_;
  Tensor* bias_ = nullptr;
};

}  // namespace tenon::nn
