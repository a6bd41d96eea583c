// The elementwise layers without parameters.
#pragma once

#include <tenon/nn/module.h>

namespace tenon::nn {

/// max(x, 0).
class TENON_API ReLU : public Module {
 protected:
  Tensor forward(const Tensor& x) override;
};

/// 1 / (1 + exp(-x)).
class TENON_API Sigmoid : public Module {
 protected:
  Tensor forward(const Tensor& x) override;
};

/// tanh(x).
class TENON_API Tanh : public Module {
 protected:
  Tensor forward(const Tensor& x) override;
};

/// x Phi(x), Hendrycks & Gimpel 2016; the exact form.
class TENON_API GELU : public Module {
 protected:
  Tensor forward(const Tensor& x) override;
};

}  // namespace tenon::nn
