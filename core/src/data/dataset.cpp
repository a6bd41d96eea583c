#include <tenon/creation.h>
#include <tenon/data/dataset.h>
#include <tenon/data/idx.h>
#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "data/pixel_map.h"
#include "io/input_file.h"

namespace tenon {
namespace {

constexpr std::string_view kDefaultFolder = "/usr/share/datasets/fashion-mnist";
constexpr std::int64_t kLevels = 256;  // of a pixel

constexpr std::string_view kAdvice =
    "install Debian's package dataset-fashion-mnist, or name another folder of IDX files (--data)";

std::string find_file(const std::filesystem::path& folder, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    std::error_code error;
    if (std::filesystem::exists(folder / candidate, error)) return folder / candidate;
  }
  io::fail((folder / name).string(), "open", fmt::format("no such file, and none with .gz; {}", kAdvice));
}

Tensor load_images(const std::string& path) {
  Tensor images = load_idx(path);
  if (images.dtype() != DType::uint8 || images.rank() != 3) {
    io::fail(
        path, "magic",
        fmt::format("{} {} is not images, uint8 [N, H, W]", name(images.dtype()), to_string(images.shape())));
  }
  if (images.size() == 0) io::fail(path, "extents", fmt::format("{}: no pixels", to_string(images.shape())));
  return images;
}

Tensor load_labels(const std::string& path) {
  const Tensor labels = load_idx(path);
  if (is_floating(labels.dtype()) || labels.rank() != 1) {
    io::fail(
        path, "magic",
        fmt::format("{} {} is not labels, integers [N]", name(labels.dtype()), to_string(labels.shape())));
  }
  const std::vector<std::int64_t> values = labels.to_vector<std::int64_t>();
  const auto wrong = std::ranges::find_if(values, [](std::int64_t v) { return v < 0 || v >= kLevels; });
  if (wrong != values.end()) {
    io::fail(path, fmt::format("label {}", wrong - values.begin()),
             fmt::format("{} is outside [0, 255]", *wrong));
  }
  return from_values(values, labels.shape());
}

void check_pixels(std::string_view op, const Tensor& images) {
  if (images.dtype() != DType::uint8) {
    throw DTypeError(fmt::format("[{}] the images are {}, not uint8", op, name(images.dtype())));
  }
}

}  // namespace

std::int64_t ImageDataset::classes() const { return max(labels).item<std::int64_t>() + 1; }

std::string default_image_folder() { return std::string(kDefaultFolder); }

ImageDataset load_image_folder(const std::string& folder, Subset subset) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    io::fail(folder, "open", fmt::format("no such folder; {}", kAdvice));
  }
  const std::string prefix = subset == Subset::train ? "train" : "t10k";
  const std::string images_path = find_file(folder, prefix + "-images-idx3-ubyte");
  const std::string labels_path = find_file(folder, prefix + "-labels-idx1-ubyte");
  ImageDataset dataset{load_images(images_path), load_labels(labels_path)};
  if (dataset.images.size(0) != dataset.labels.size(0)) {
    io::fail(images_path, "extent 0",
             fmt::format("{} images, but {} has {} labels", dataset.images.size(0), labels_path,
                         dataset.labels.size(0)));
  }
  return dataset;
}

Normalization normalization_of(const Tensor& images) {
  check_pixels("normalization_of", images);
  if (images.size() == 0) {
    throw ShapeError(fmt::format("[normalization_of] {} has no pixels", to_string(images.shape())));
  }
  const Tensor source = contiguous(images);
  std::array<std::int64_t, kLevels> histogram{};
  for (const std::byte level : io::bytes_of(source)) ++histogram[std::to_integer<std::size_t>(level)];

  const auto count = static_cast<double>(images.size());
  std::int64_t sum = 0;
  for (std::int64_t level = 0; level < kLevels; ++level) {
    sum += level * histogram[static_cast<std::size_t>(level)];
  }
  const double mean = static_cast<double>(sum) / count;
  double variance = 0;
  for (std::int64_t level = 0; level < kLevels; ++level) {
    const double distance = static_cast<double>(level) - mean;
    variance += static_cast<double>(histogram[static_cast<std::size_t>(level)]) / count * distance * distance;
  }
  constexpr double kScale = kLevels - 1;
  return {mean / kScale, variance > 0 ? std::sqrt(variance) / kScale : 1.0};
}

Tensor normalize(const Tensor& images, const Normalization& normalization) {
  check_pixels("normalize", images);
  return PixelMap(normalization)(images);
}

}  // namespace tenon
