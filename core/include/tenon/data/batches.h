// Minibatches of a dataset.
#pragma once

#include <tenon/data/dataset.h>
#include <tenon/export.h>
#include <tenon/random.h>
#include <tenon/tensor.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>

namespace tenon {

class PixelMap;

/// The integers 0..n-1 in random order, int64 [n]: the shuffle of Fisher and Yates (Durstenfeld 1964) on
/// words of random_bits(), so that a seed gives the same order everywhere. Throws IndexError unless 0 <= n <
/// 2^32.
TENON_API Tensor permutation(std::int64_t n, Generator& generator = default_generator());

struct Batch {
  Tensor images;  ///< float32 [B, H * W], or [B, H, W] where BatchOptions::flatten is off; normalised
  Tensor labels;  ///< int64 [B]
};

struct BatchOptions {
  std::int64_t batch_size = 64;
  bool shuffle = true;
  std::uint64_t seed = 0;  ///< of the shuffling; each epoch has a stream of its own in it
  bool drop_last = false;  ///< leave out a last batch that is smaller than batch_size
  bool flatten = true;
};

/// One pass over a dataset, in a fixed order: `for (const Batch& batch : batches.epoch(0))`. Batches are made
/// when they are asked for, by ops, where the dataset lies; the images then go to where the selected backend runs,
/// the labels go with the loss. May be read from several threads.
class TENON_API Epoch {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Batch;

    Iterator(const Epoch* epoch, std::int64_t i) : epoch_(epoch), i_(i) {}
    Batch operator*() const { return (*epoch_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++i_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.i_ == b.i_; }

   private:
    const Epoch* epoch_;
    std::int64_t i_;
  };

  /// How many batches.
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// Throws IndexError unless 0 <= i < size().
  Batch operator[](std::int64_t i) const;
  /// Iterators point into this Epoch.
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, size_}; }

 private:
  friend class Batches;
  Epoch() = default;

  Tensor images_;  // uint8 [N, H * W] or [N, H, W]
  Tensor labels_;  // int64 [N], in the epoch's order
  Tensor order_;   // int64 [N]; undefined where it is that of the dataset
  std::shared_ptr<const PixelMap> map_;
  std::int64_t batch_size_ = 1;
  std::int64_t size_ = 0;
};

/// A dataset, how to normalise it and how to cut it. Keeps the pixels as uint8 and shares them.
class TENON_API Batches {
 public:
  /// Throws IndexError unless batch_size > 0.
  Batches(const ImageDataset& dataset, const Normalization& normalization, const BatchOptions& options = {});

  /// Batches in an epoch.
  [[nodiscard]] std::int64_t size() const;
  /// Images in an epoch.
  [[nodiscard]] std::int64_t images() const;
  /// Pass number `number`; the same for the same seed and number. Throws IndexError if negative.
  [[nodiscard]] Epoch epoch(std::int64_t number) const;

 private:
  ImageDataset dataset_;
  std::shared_ptr<const PixelMap> map_;
  BatchOptions options_;
};

}  // namespace tenon
