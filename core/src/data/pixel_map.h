// From pixels to what a network sees.
#pragma once

#include <tenon/creation.h>
#include <tenon/data/dataset.h>
#include <tenon/ops.h>

namespace tenon {

/// (x / 255 - mean) / deviation, folded into one product and one sum.
class PixelMap {
 public:
  explicit PixelMap(const Normalization& normalization)
      : scale_(full({}, 1 / (255 * normalization.deviation), DType::float32)),
        shift_(full({}, -normalization.mean / normalization.deviation, DType::float32)) {}

  Tensor operator()(const Tensor& pixels) const {
    return multiply_add(shift_, astype(pixels, DType::float32), scale_);
  }

 private:
  Tensor scale_;
  Tensor shift_;
};

}  // namespace tenon
