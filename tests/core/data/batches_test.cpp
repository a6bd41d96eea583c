#include <tenon/creation.h>
#include <tenon/data/batches.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace tenon::testing {
namespace {

/// Image i has the pixels i and i + 100 and the label i.
ImageDataset dataset_of(std::int64_t count) {
  const Tensor labels = arange(count);
  const Tensor pixels = stack({labels, add(labels, 100)}, 1);
  return {astype(reshape(pixels, {count, 1, 2}), DType::uint8), labels};
}

constexpr Normalization kPlain{0, 1.0 / 255};  // pixels stay as they are

std::vector<std::int64_t> labels_of(const Epoch& epoch) {
  std::vector<std::int64_t> labels;
  for (const Batch& batch : epoch) {
    for (const std::int64_t label : batch.labels.to_vector<std::int64_t>()) labels.push_back(label);
  }
  return labels;
}

TEST(Permutation, IsTheShuffleOfFisherAndYatesOnPhilox) {
  // Recomputed by hand from the words of the seed.
  Generator generator(42);
  const std::vector<std::int64_t> words = random_bits({20}, generator).to_vector<std::int64_t>();
  std::vector<std::int64_t> expected(10);
  for (std::int64_t i = 0; i < 10; ++i) expected[static_cast<std::size_t>(i)] = i;
  for (std::size_t i = 9; i > 0; --i) {
    const double u =
        (static_cast<double>(words[2 * i]) + static_cast<double>(words[2 * i + 1]) * 0x1p-32) * 0x1p-32;
    std::swap(expected[i], expected[static_cast<std::size_t>(u * static_cast<double>(i + 1))]);
  }
  Generator again(42);
  EXPECT_EQ(permutation(10, again).to_vector<std::int64_t>(), expected);
  EXPECT_EQ(again.offset(), generator.offset());
}

TEST(Permutation, HoldsEachIntegerOnce) {
  Generator generator(1);
  for (const std::int64_t n : {0, 1, 2, 3, 1000}) {
    std::vector<std::int64_t> order = permutation(n, generator).to_vector<std::int64_t>();
    std::ranges::sort(order);
    EXPECT_EQ(order, arange(n).to_vector<std::int64_t>());
  }
  EXPECT_THROW(permutation(-1), IndexError);
  EXPECT_THROW(permutation(INT64_C(1) << 32), IndexError);
}

TEST(Permutation, FavoursNoOrder) {
  // Each of the 24 orders of four is as likely: chi-squared with 23 degrees of freedom is below 70 but for
  // one case in a million.
  Generator generator(9);
  constexpr int kDraws = 4800;
  std::vector<int> counts(256);
  for (int i = 0; i < kDraws; ++i) {
    std::int64_t code = 0;
    for (const std::int64_t v : permutation(4, generator).to_vector<std::int64_t>()) code = code * 4 + v;
    ++counts[static_cast<std::size_t>(code)];
  }
  double chi_squared = 0;
  int orders = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++orders;
    chi_squared += std::pow(count - kDraws / 24.0, 2) / (kDraws / 24.0);
  }
  EXPECT_EQ(orders, 24);
  EXPECT_LT(chi_squared, 70);
}

TEST(Batches, CoverTheDatasetOnceWithItsLabels) {
  const Batches batches(dataset_of(23), kPlain, {.batch_size = 5, .seed = 3});
  EXPECT_EQ(batches.size(), 5);
  EXPECT_EQ(batches.images(), 23);
  const Epoch epoch = batches.epoch(0);
  std::vector<std::int64_t> sizes;
  for (const Batch& batch : epoch) {
    sizes.push_back(batch.labels.size());
    EXPECT_EQ(batch.images.dtype(), DType::float32);
    EXPECT_EQ(batch.labels.dtype(), DType::int64);
    EXPECT_EQ(batch.images.shape(), (Shape{batch.labels.size(), 2}));
    const Tensor expected = stack({batch.labels, add(batch.labels, 100)}, 1);
    EXPECT_TRUE(allclose(batch.images, astype(expected, DType::float32)));
  }
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{5, 5, 5, 5, 3}));
  std::vector<std::int64_t> labels = labels_of(epoch);
  EXPECT_FALSE(std::ranges::is_sorted(labels));
  std::ranges::sort(labels);
  EXPECT_EQ(labels, arange(23).to_vector<std::int64_t>());
}

TEST(Batches, DropLastAndKeepShape) {
  const Batches batches(dataset_of(23), kPlain, {.batch_size = 5, .drop_last = true, .flatten = false});
  EXPECT_EQ(batches.size(), 4);
  EXPECT_EQ(batches.images(), 20);
  const Epoch epoch = batches.epoch(0);
  EXPECT_EQ(epoch.size(), 4);
  EXPECT_EQ(labels_of(epoch).size(), 20U);
  EXPECT_EQ(epoch[3].images.shape(), (Shape{5, 1, 2}));
  EXPECT_EQ(Batches(dataset_of(3), kPlain, {.batch_size = 5, .drop_last = true}).size(), 0);
}

TEST(Batches, WithoutShufflingKeepTheOrder) {
  const Batches batches(dataset_of(7), kPlain, {.batch_size = 3, .shuffle = false});
  EXPECT_EQ(labels_of(batches.epoch(4)), arange(7).to_vector<std::int64_t>());
}

TEST(Batches, EpochsDifferAndRepeat) {
  const auto labels = [](std::uint64_t seed, std::int64_t number) {
    return labels_of(Batches(dataset_of(50), kPlain, {.seed = seed}).epoch(number));
  };
  EXPECT_EQ(labels(1, 0), labels(1, 0));
  EXPECT_EQ(labels(1, 7), labels(1, 7));
  EXPECT_NE(labels(1, 0), labels(1, 1));
  EXPECT_NE(labels(1, 0), labels(2, 0));
}

TEST(Batches, LeaveTheDefaultGeneratorAlone) {
  const std::uint64_t before = default_generator().offset();
  labels_of(Batches(dataset_of(50), kPlain).epoch(0));
  EXPECT_EQ(default_generator().offset(), before);
}

TEST(Batches, NormalizeAsNormalizeDoes) {
  const ImageDataset dataset = dataset_of(10);
  const Normalization normalization = normalization_of(dataset.images);
  const Epoch epoch =
      Batches(dataset, normalization, {.batch_size = 10, .shuffle = false, .flatten = false}).epoch(0);
  EXPECT_TRUE(equal(epoch[0].images, normalize(dataset.images, normalization)));
}

TEST(Batches, RefuseNonsense) {
  EXPECT_THROW(Batches(dataset_of(3), kPlain, {.batch_size = 0}), IndexError);
  const Batches batches(dataset_of(3), kPlain);
  EXPECT_THROW(static_cast<void>(batches.epoch(-1)), IndexError);
  EXPECT_THROW(static_cast<void>(batches.epoch(INT64_MAX)), IndexError);
  EXPECT_THROW(batches.epoch(0)[1], IndexError);
  EXPECT_THROW(batches.epoch(0)[-1], IndexError);
}

}  // namespace
}  // namespace tenon::testing
