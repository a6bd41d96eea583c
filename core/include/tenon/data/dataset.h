// Labelled images in memory.
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <string>

namespace tenon {

/// Images and their classes; row i of one belongs to row i of the other.
struct ImageDataset {
  Tensor images;  ///< uint8 [N, H, W]
  Tensor labels;  ///< int64 [N], in [0, 255]

  [[nodiscard]] std::int64_t size() const { return images.size(0); }
  [[nodiscard]] std::int64_t height() const { return images.size(1); }
  [[nodiscard]] std::int64_t width() const { return images.size(2); }
  /// The largest label and one.
  [[nodiscard]] TENON_API std::int64_t classes() const;
};

enum class Subset : std::uint8_t { train, test };

/// Where Debian's package dataset-fashion-mnist puts its files.
TENON_API std::string default_image_folder();

/// Reads one half of a folder of IDX files with MNIST's names: train-images-idx3-ubyte and
/// train-labels-idx1-ubyte, or t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or with .gz.
/// Throws FileError on what load_idx() refuses, on images that are not uint8 of rank 3, on labels that are
/// not integers of rank 1 in [0, 255], on counts that differ (naming both files), on no images at all, and
/// where a file is missing (saying how to get one).
TENON_API ImageDataset load_image_folder(const std::string& folder, Subset subset);

/// Of pixels scaled to [0, 1].
struct Normalization {
  double mean = 0;
  double deviation = 1;
};

/// Mean and standard deviation (of the population) of all pixels of uint8 `images` / 255, over a histogram
/// and so free of rounding until the last step. The deviation of images without contrast is given as 1. Take
/// it from the training set and use it for both sets. Throws DTypeError unless uint8, ShapeError if empty.
TENON_API Normalization normalization_of(const Tensor& images);

/// (images / 255 - mean) / deviation as float32, of any shape. Throws DTypeError unless uint8.
TENON_API Tensor normalize(const Tensor& images, const Normalization& normalization);

}  // namespace tenon
