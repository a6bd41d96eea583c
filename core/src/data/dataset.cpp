#include <tenon/backend.h>
#include <tenon/data/dataset.h>
#include <tenon/device.h>
#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <span>

#include "data/idx_file.h"
#include "data/pixel_map.h"
#include "dispatch/door.h"
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

void check_images(const IdxFile& file) {
  const std::string found = fmt::format("{} {}", name(file.dtype()), to_string(file.shape()));
  if (file.dtype() != DType::uint8 || file.shape().size() != 3) {
    io::fail(file.path(), "magic", fmt::format("{} is not images, uint8 [N, H, W]", found));
  }
  if (std::ranges::find(file.shape(), 0) != file.shape().end()) {
    io::fail(file.path(), "extents", fmt::format("{}: no pixels", found));
  }
}

void check_labels(const IdxFile& file) {
  if (is_floating(file.dtype()) || file.shape().size() != 1) {
    io::fail(file.path(), "magic",
             fmt::format("{} {} is not labels, integers [N]", name(file.dtype()), to_string(file.shape())));
  }
}

Tensor load_labels(IdxFile& file) {
  const Tensor labels = file.load();
  if (labels.dtype() == DType::int32) {  // uint8 is within the range
    const std::span<const std::int32_t> values(labels.data<std::int32_t>(),
                                               static_cast<std::size_t>(labels.size()));
    const auto wrong = std::ranges::find_if(values, [](std::int32_t v) { return v < 0 || v >= kLevels; });
    if (wrong != values.end()) {
      io::fail(file.path(), fmt::format("label {}", wrong - values.begin()),
               fmt::format("{} is outside [0, 255]", *wrong));
    }
  }
  const use_backend scope(dispatch::where_lies(labels));
  return astype(labels, DType::int64);
}

void check_pixels(std::string_view op, const Tensor& images) {
  if (images.dtype() != DType::uint8) {
    throw DTypeError(fmt::format("[{}] the images are {}, not uint8", op, name(images.dtype())));
  }
}

}  // namespace

std::int64_t ImageDataset::classes() const {
  const use_backend scope(dispatch::where_lies(labels));
  return max(labels).item<std::int64_t>() + 1;
}

std::string default_image_folder() { return std::string(kDefaultFolder); }

ImageDataset load_image_folder(const std::string& folder, Subset subset) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    io::fail(folder, "open", fmt::format("no such folder; {}", kAdvice));
  }
  const std::string prefix = subset == Subset::train ? "train" : "t10k";
  const std::string images_path = find_file(folder, prefix + "-images-idx3-ubyte");
  const std::string labels_path = find_file(folder, prefix + "-labels-idx1-ubyte");
  // What the headers say is compared before memory is taken for either.
  IdxFile images(images_path);
  IdxFile labels(labels_path);
  check_images(images);
  check_labels(labels);
  if (images.shape()[0] != labels.shape()[0]) {
    io::fail(
        images_path, "extent 0",
        fmt::format("{} images, but {} has {} labels", images.shape()[0], labels_path, labels.shape()[0]));
  }
  return {images.load(), load_labels(labels)};
}

Normalization normalization_of(const Tensor& images) {
  check_pixels("normalization_of", images);
  if (images.size() == 0) {
    throw ShapeError(fmt::format("[normalization_of] {} has no pixels", to_string(images.shape())));
  }
  const use_backend scope(dispatch::where_lies(images));
  const Tensor source = to(contiguous(images), Device());
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
  Tensor normalized;
  {
    const use_backend scope(dispatch::where_lies(images));
    normalized = PixelMap(normalization)(images);
  }
  return to(normalized, current_device());
}

}  // namespace tenon
