#pragma once

#include <tenon/nn/module.h>
#include <tenon/random.h>

namespace tenon::nn {

/// In training each element becomes 0 with probability p, else x / (1 - p); in evaluation x itself.
/// Srivastava et al. 2014, scaled in training as is usual today.
class TENON_API Dropout : public Module {
 public:
  /// `generator` must outlive the layer. Throws IndexError unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5, Generator& generator = default_generator());
  [[nodiscard]] std::string extra() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  double p_;
  Generator& generator_;
};

}  // namespace tenon::nn
