#include <tenon/creation.h>
#include <tenon/data/dataset.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <gtest/gtest.h>

#include "allocation_meter.h"
#include "gzip_bytes.h"
#include "idx_bytes.h"

namespace tenon::testing {
namespace {

const std::string kImages = idx(0x08, {3, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
const std::string kLabels = idx(0x08, {3}, {2, 0, 1});

TEST(Dataset, ReadsBothHalves) {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte.gz", gzip(kImages));
  folder.write("train-labels-idx1-ubyte", kLabels);
  folder.write("t10k-images-idx3-ubyte", idx(0x08, {1, 1, 2}, "ab"));
  folder.write("t10k-labels-idx1-ubyte.gz", gzip(idx(0x0C, {1}, {0, 0, 0, 9})));
  const ImageDataset train = load_image_folder(folder.path(), Subset::train);
  EXPECT_TRUE(equal(train.images, astype(reshape(arange(12), {3, 2, 2}), DType::uint8)));
  EXPECT_TRUE(equal(train.labels, from_values<std::int64_t>({2, 0, 1})));
  EXPECT_EQ(train.size(), 3);
  EXPECT_EQ(train.classes(), 3);
  const ImageDataset test = load_image_folder(folder.path(), Subset::test);
  EXPECT_EQ(test.height(), 1);
  EXPECT_EQ(test.width(), 2);
  EXPECT_TRUE(equal(test.labels, from_values<std::int64_t>({9})));
}

TEST(Dataset, RefusesFilesThatDoNotFit) {
  struct Case {
    std::string images;
    std::string labels;
    bool images_to_blame;
    std::string_view field;
  };
  const std::vector<Case> cases = {
      {idx(0x08, {3, 4}, "abcdabcdabcd"), kLabels, true, "[N, H, W]"},
      {idx(0x09, {3, 1, 1}, "abc"), kLabels, true, "[N, H, W]"},
      {idx(0x08, {0, 2, 2}, ""), idx(0x08, {0}, ""), true, "no pixels"},
      {kImages.substr(0, 20), kLabels, true, "extents"},
      {kImages, idx(0x08, {3, 1}, "abc"), false, "[N]"},
      {kImages, idx(0x0D, {3}, std::string(12, '\0')), false, "integers"},
      {kImages, idx(0x09, {3}, {1, 2, '\xFF'}), false, "label 2: -1"},
      {kImages, idx(0x0B, {3}, {0, 1, 1, 0, 0, 1}), false, "label 1: 256"},
      {kImages, idx(0x08, {2}, "ab"), true, "labels-idx1-ubyte has 2 labels"},
      {kImages, kImages, false, "[N]"},
  };
  for (const Case& bad : cases) {
    const TemporaryFolder folder;
    const std::string images = folder.write("train-images-idx3-ubyte", bad.images);
    const std::string labels = folder.write("train-labels-idx1-ubyte", bad.labels);
    expect_file_error([&] { load_image_folder(folder.path(), Subset::train); },
                      bad.images_to_blame ? images : labels, bad.field);
  }
}

TEST(Dataset, ComparesTheCountsBeforeItReadsEitherFile) {
  const TemporaryFolder folder;
  constexpr std::uint32_t kMany = 32U << 20;
  const std::string pixels(kMany, '\0');
  const std::string images =
      folder.write("train-images-idx3-ubyte.gz", gzip(idx(0x08, {kMany, 1, 1}, pixels)));
  folder.write("train-labels-idx1-ubyte.gz", gzip(idx(0x08, {kMany - 1}, pixels)));
  const AllocationMeter meter;
  expect_file_error([&] { load_image_folder(folder.path(), Subset::train); }, images, "33554431 labels");
  EXPECT_LE(meter.peak(), std::size_t{1} << 20);
}

TEST(Dataset, TakesNineBytesALabelAtTheMost) {
  const TemporaryFolder folder;
  constexpr std::uint32_t kMany = 1U << 20;
  folder.write("train-images-idx3-ubyte", idx(0x08, {kMany, 1, 1}, std::string(kMany, '\0')));
  folder.write("train-labels-idx1-ubyte", idx(0x08, {kMany}, std::string(kMany, '\7')));
  (void)max(astype(zeros({2}, DType::uint8), DType::int64)).item<int>();  // the backend has what it keeps
  const AllocationMeter meter;
  const ImageDataset dataset = load_image_folder(folder.path(), Subset::train);
  EXPECT_EQ(dataset.classes(), 8);
  EXPECT_LE(meter.peak(), (std::size_t{1} + 1 + 8 + 1) * kMany);  // images, bytes, labels, and some
}

TEST(Dataset, SaysWhereToGetMissingFiles) {
  const TemporaryFolder folder;
  expect_file_error([&] { load_image_folder(folder / "none", Subset::train); }, folder / "none",
                    "dataset-fashion-mnist");
  expect_file_error([&] { load_image_folder(folder.path(), Subset::test); },
                    folder / "t10k-images-idx3-ubyte", "--data");
  folder.write("train-images-idx3-ubyte", kImages);
  expect_file_error([&] { load_image_folder(folder.path(), Subset::train); },
                    folder / "train-labels-idx1-ubyte", "no such file");
}

TEST(Dataset, NormalizationIsThatOfThePixels) {
  // Levels 0, 51, 102, 255 scaled are 0, 0.2, 0.4, 1: mean 0.4, variance (0.16 + 0.04 + 0 + 0.36) / 4.
  const Tensor images = from_values<std::uint8_t>({0, 51, 102, 255}, {1, 2, 2});
  const Normalization found = normalization_of(images);
  EXPECT_NEAR(found.mean, 0.4, 1e-15);
  EXPECT_NEAR(found.deviation, std::sqrt(0.14), 1e-15);
  const Tensor seen = normalize(images, found);
  EXPECT_EQ(seen.dtype(), DType::float32);
  EXPECT_EQ(seen.shape(), images.shape());
  EXPECT_NEAR(mean(seen).item<double>(), 0, 1e-6);
  EXPECT_NEAR(mean(square(seen)).item<double>(), 1, 1e-6);
  EXPECT_NEAR(select(reshape(seen, {4}), 0, 3).item<double>(), 0.6 / std::sqrt(0.14), 1e-6);
}

TEST(Dataset, NormalizationOfImagesWithoutContrast) {
  const Tensor images = full({5, 3, 3}, 51, DType::uint8);
  const Normalization found = normalization_of(images);
  EXPECT_DOUBLE_EQ(found.mean, 0.2);
  EXPECT_EQ(found.deviation, 1.0);
  EXPECT_NEAR(max(abs(normalize(images, found))).item<double>(), 0, 1e-7);
}

TEST(Dataset, NormalizationWantsPixels) {
  EXPECT_THROW(normalization_of(ones({1, 2, 2})), DTypeError);
  EXPECT_THROW(normalize(ones({1, 2, 2}), {}), DTypeError);
  EXPECT_THROW(normalization_of(empty({0, 2, 2}, DType::uint8)), ShapeError);
}

TEST(Dataset, ReadsFashionMnist) {
  std::error_code error;
  if (!std::filesystem::exists(default_image_folder(), error)) {
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  }
  const ImageDataset train = load_image_folder(default_image_folder(), Subset::train);
  EXPECT_EQ(train.images.shape(), (Shape{60000, 28, 28}));
  EXPECT_EQ(train.classes(), 10);
  const ImageDataset test = load_image_folder(default_image_folder(), Subset::test);
  EXPECT_EQ(test.images.shape(), (Shape{10000, 28, 28}));
  // As published with the dataset.
  const Normalization found = normalization_of(train.images);
  EXPECT_NEAR(found.mean, 0.2860, 5e-5);
  EXPECT_NEAR(found.deviation, 0.3530, 5e-5);
}

}  // namespace
}  // namespace tenon::testing
