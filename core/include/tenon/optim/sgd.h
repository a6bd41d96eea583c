#pragma once

#include <tenon/optim/optimizer.h>

namespace tenon::optim {

struct SGDOptions {
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

/// Stochastic gradient descent, as in PyTorch:
///
///   g += weight_decay p
///   b  = momentum b + (1 - dampening) g      (b = g at the first step)
///   p -= lr b                                with nesterov: p -= lr (g + momentum b)
///
/// Momentum: Polyak 1964; Nesterov's form after Sutskever et al. 2013.
class TENON_API SGD : public Optimizer {
 public:
  /// Throws IndexError on a negative number, or on nesterov without momentum or with dampening.
  SGD(std::vector<Tensor> parameters, double learning_rate, const SGDOptions& options = {});

 protected:
  void update(const Tensor& parameter, const Tensor& gradient, Memory& memory) override;

 private:
  SGDOptions options_;
};

}  // namespace tenon::optim
