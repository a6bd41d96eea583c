#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/data/batches.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "data/pixel_map.h"
#include "dispatch/door.h"

namespace tenon {

Tensor permutation(std::int64_t n, Generator& generator) {
  if (n < 0 || n > INT64_C(0xFFFFFFFF)) {
    throw IndexError(fmt::format("[permutation] {} is not in [0, 2^32)", n));
  }
  Tensor order = empty({n}, DType::int64, Device());
  auto* at = order.data<std::int64_t>();
  std::iota(at, at + n, std::int64_t{0});
  const Tensor words = to(random_bits({2 * n}, generator), Device());
  const auto* word = words.data<std::int64_t>();
  for (std::int64_t i = n; i-- > 1;) {
    // j = floor((i + 1) u / 2^64) for the 64 bits u of two words, in [0, i].
    const auto high = static_cast<std::uint64_t>(word[2 * i]);
    const auto low = static_cast<std::uint64_t>(word[2 * i + 1]);
    const auto bound = static_cast<std::uint64_t>(i) + 1;
    const std::uint64_t j = (high * bound + (low * bound >> 32)) >> 32;
    std::swap(at[i], at[j]);
  }
  return order;
}

Batch Epoch::operator[](std::int64_t i) const {
  if (i < 0 || i >= size_) throw IndexError(fmt::format("[batch] {} is not in [0, {})", i, size_));
  const std::int64_t start = i * batch_size_;
  const std::int64_t stop = std::min(start + batch_size_, labels_.size(0));
  Tensor images;
  {
    const use_backend scope(dispatch::where_lies(images_));
    images = (*map_)(order_.defined() ? index_select(images_, 0, slice(order_, 0, start, stop))
                                      : slice(images_, 0, start, stop));
  }
  return {to(images, current_device()), slice(labels_, 0, start, stop)};
}

Batches::Batches(const ImageDataset& dataset, const Normalization& normalization, const BatchOptions& options)
    : dataset_(dataset), map_(std::make_shared<PixelMap>(normalization)), options_(options) {
  if (options.batch_size <= 0) {
    throw IndexError(fmt::format("[Batches] batch size {} is not positive", options.batch_size));
  }
}

std::int64_t Batches::size() const {
  const std::int64_t whole = dataset_.size() / options_.batch_size;
  return whole + (!options_.drop_last && dataset_.size() % options_.batch_size != 0 ? 1 : 0);
}

std::int64_t Batches::images() const {
  return options_.drop_last ? size() * options_.batch_size : dataset_.size();
}

Epoch Batches::epoch(std::int64_t number) const {
  // Each epoch draws from a stretch of the seed's stream that is far from the others, and from where a model
  // with the same seed draws its weights.
  constexpr int kStretch = 40;
  if (number < 0 || number >= INT64_C(1) << (63 - kStretch)) {
    throw IndexError(fmt::format("[epoch] {} is not in [0, 2^{})", number, 63 - kStretch));
  }
  Epoch epoch;
  const Tensor& images = dataset_.images;
  epoch.images_ =
      options_.flatten ? reshape(images, {images.size(0), images.size(1) * images.size(2)}) : images;
  epoch.labels_ = dataset_.labels;
  epoch.map_ = map_;
  if (options_.shuffle) {
    Generator generator(options_.seed);
    generator.set_offset(static_cast<std::uint64_t>(number + 1) << kStretch);
    epoch.order_ = permutation(dataset_.size(), generator);
    const use_backend scope(dispatch::where_lies(dataset_.labels));
    epoch.labels_ = index_select(dataset_.labels, 0, to(epoch.order_, dataset_.labels.device()));
    epoch.order_ = to(epoch.order_, images.device());
  }
  epoch.batch_size_ = options_.batch_size;
  epoch.size_ = size();
  return epoch;
}

}  // namespace tenon
