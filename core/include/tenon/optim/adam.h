#pragma once

#include <tenon/optim/optimizer.h>

namespace tenon::optim {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
};

/// Kingma & Ba 2015, algorithm 1; t counts the steps of a parameter:
///
///   g += weight_decay p
///   m  = beta1 m + (1 - beta1) g
///   v  = beta2 v + (1 - beta2) g^2
///   p -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
class TENON_API Adam : public Optimizer {
 public:
  /// Throws IndexError on a negative number or a beta outside [0, 1).
  explicit Adam(std::vector<Tensor> parameters, double learning_rate = 1e-3, const AdamOptions& options = {});

 protected:
  void update(const Tensor& parameter, const Tensor& gradient, Memory& memory) override;
  /// All but the weight decay.
  void descend(const Tensor& parameter, const Tensor& gradient, Memory& memory);
  [[nodiscard]] double weight_decay() const { return options_.weight_decay; }

 private:
  AdamOptions options_;
};

/// Adam with decoupled weight decay, Loshchilov & Hutter 2019, algorithm 2 as in PyTorch: instead of changing
/// g, p *= 1 - lr weight_decay first.
class TENON_API AdamW : public Adam {
 public:
  static constexpr AdamOptions kDefaults = {0.9, 0.999, 1e-8, 1e-2};

  /// Throws as Adam does.
  explicit AdamW(std::vector<Tensor> parameters, double learning_rate = 1e-3,
                 const AdamOptions& options = kDefaults)
      : Adam(std::move(parameters), learning_rate, options) {}

 protected:
  void update(const Tensor& parameter, const Tensor& gradient, Memory& memory) override;
};

}  // namespace tenon::optim
