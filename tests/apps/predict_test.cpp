#include <gtest/gtest.h>

#include <tenon/io.h>

#include <algorithm>
#include <numeric>

#include "image_folder.h"
#include "process.h"

namespace tenon::test {
namespace {

using Words = std::vector<std::string>;

class Predict : public testing::Test {
 protected:
  Predict() {
    write_image_folder(folder_.path());
    const Finished trained = tenon({"train", "--data", folder_.path(), "--hidden", "8", "--epochs", "30",
                                    "--batch-size", "32", "--save", model_, "--json"});
    EXPECT_EQ(trained.status, 0) << trained.err;
    accuracy_ = json_lines(trained.out).back().at("test_accuracy");
  }

  Finished predict(const Words& more, const ProcessOptions& options = {}) const {
    Words words = {"predict", "--model", model_};
    words.insert(words.end(), more.begin(), more.end());
    return tenon(words, options);
  }

  TemporaryFolder folder_;
  std::string model_ = folder_ / "model.safetensors";
  double accuracy_ = 0;
};

TEST_F(Predict, AgreesWithTheTestOfTheTraining) {
  const Finished finished = predict({"--data", folder_.path(), "--count", "80", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const auto predictions = json_lines(finished.out);
  ASSERT_EQ(predictions.size(), 80U);
  int right = 0;
  for (const auto& prediction : predictions) {
    const auto probabilities = prediction.at("probabilities").get<std::vector<double>>();
    ASSERT_EQ(probabilities.size(), 3U);
    EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-5);
    EXPECT_EQ(prediction.at("probability"), *std::ranges::max_element(probabilities));
    right += prediction.at("class") == prediction.at("label") ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(right / 80.0, accuracy_);
}

TEST_F(Predict, DrawsWithoutEscapesInAPipe) {
  const Finished finished = predict({"--data", folder_.path(), "--class-names", "top,middle,bottom"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::ranges::count(finished.out, '\n'), 4) << finished.out;  // 6 rows as 3 lines, and the verdict
  EXPECT_NE(finished.out.find("(class "), std::string::npos) << finished.out;
}

TEST_F(Predict, TakesOneFileOfImages) {
  const Finished finished =
      predict({"--data", folder_ / "t10k-images-idx3-ubyte", "--index", "79", "--json"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const auto prediction = json_lines(finished.out).at(0);
  EXPECT_EQ(prediction.at("index"), 79);
  EXPECT_FALSE(prediction.contains("label"));
}

TEST_F(Predict, TakesTensorsInAnyOrder) {
  const std::string deep = folder_ / "deep.safetensors";
  const std::string sorted = folder_ / "sorted.safetensors";
  const Words train = {"train", "--data", folder_.path(), "--epochs", "0"};
  const auto with = [&](const Words& more) {
    Words words = train;
    words.insert(words.end(), more.begin(), more.end());
    return tenon(words);
  };
  EXPECT_EQ(with({"--hidden", "9,8,7,6,5", "--save", deep}).status, 0);
  SafetensorsFile file = load_safetensors(deep);
  std::ranges::sort(file.tensors, {}, &NamedTensors::value_type::first);  // 10.weight before 2.weight
  ASSERT_EQ(file.tensors[1].first, "0.weight");
  ASSERT_EQ(file.tensors[3].first, "10.weight");
  save_safetensors(sorted, file.tensors, file.metadata);
  const Finished predicted = tenon({"predict", "--model", sorted, "--data", folder_.path()});
  EXPECT_EQ(predicted.status, 0) << predicted.err;
  const Finished loaded = with({"--load", sorted});
  EXPECT_EQ(loaded.status, 0) << loaded.err;
}

TEST_F(Predict, BadInputIsExitCodeOneAndNamesTheFile) {
  const auto expect_failure = [&](const Finished& failed, const std::string& part) {
    EXPECT_EQ(failed.status, 1) << failed.err;
    EXPECT_EQ(failed.out, "");
    EXPECT_TRUE(failed.err.starts_with("tenon: ") && failed.err.find(part) != std::string::npos)
        << failed.err;
  };
  expect_failure(predict({"--data", folder_ / "nowhere"}), "nowhere");
  expect_failure(predict({"--data", folder_.path(), "--index", "80"}), "80 images");
  expect_failure(predict({"--data", folder_ / "t10k-labels-idx1-ubyte"}), "not images");
  write_idx(folder_ / "wide", {1, 6, 7}, std::vector<std::uint8_t>(42));
  expect_failure(predict({"--data", folder_ / "wide"}), "6x7");
  expect_failure(tenon({"predict", "--model", folder_ / "absent"}), "absent");

  SafetensorsFile file = load_safetensors(model_);
  const auto with = [&](const std::string& key, const std::string& value) {
    Metadata metadata = file.metadata;
    metadata[key] = value;
    save_safetensors(folder_ / "lying", file.tensors, metadata);
    return tenon({"predict", "--model", folder_ / "lying", "--data", folder_.path()});
  };
  expect_failure(with("image_height", "7"), "image_height");
  expect_failure(with("image_width", "9999999999999999999999"), "image_width");
  expect_failure(with("deviation", "0"), "deviation");
  expect_failure(with("mean", "nan"), "mean");
  expect_failure(with("class_names", "[1,2,3]"), "class_names");
  save_safetensors(folder_ / "bare", file.tensors);
  expect_failure(tenon({"predict", "--model", folder_ / "bare"}), "image_height");
  std::erase_if(file.tensors, [](const auto& named) { return named.first == "0.bias"; });
  save_safetensors(folder_ / "torn", file.tensors, file.metadata);
  expect_failure(tenon({"predict", "--model", folder_ / "torn"}), "0.bias");
}

}  // namespace
}  // namespace tenon::test
