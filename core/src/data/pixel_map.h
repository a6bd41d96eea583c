// From pixels to what a network sees.
#pragma once

#include <tenon/creation.h>
#include <tenon/data/dataset.h>
#include <tenon/device.h>
#include <tenon/ops.h>

namespace tenon {

/// (x / 255 - mean) / deviation, folded into one product and one sum.
class PixelMap {
 public:
  explicit PixelMap(const Normalization& normalization) {
    *scale_.data<float>() = static_cast<float>(1 / (255 * normalization.deviation));
    *shift_.data<float>() = static_cast<float>(-normalization.mean / normalization.deviation);
  }

  Tensor operator()(const Tensor& pixels) const {
    return multiply_add(shift_, astype(pixels, DType::float32), scale_);
  }

 private:
  // On the host, from where a number goes along to wherever the pixels are.
  Tensor scale_ = empty({}, DType::float32, Device());
  Tensor shift_ = empty({}, DType::float32, Device());
};

}  // namespace tenon
