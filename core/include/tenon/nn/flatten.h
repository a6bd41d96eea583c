#pragma once

#include <tenon/nn/module.h>

namespace tenon::nn {

/// Axes first..last become one; by default all but the batch axis.
class TENON_API Flatten : public Module {
 public:
  explicit Flatten(std::int64_t first = 1, std::int64_t last = -1) : first_(first), last_(last) {}
  [[nodiscard]] std::string extra() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  std::int64_t first_;
  std::int64_t last_;
};

}  // namespace tenon::nn
