#include <gtest/gtest.h>
#include <sys/stat.h>

#include <tenon/data.h>
#include <tenon/io.h>
#include <tenon/ops.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "image_folder.h"
#include "process.h"

namespace tenon::test {
namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;

class Train : public testing::Test {
 protected:
  Train() { write_image_folder(folder_.path()); }

  Words words(const Words& more) const {
    Words all = {"train", "--data", folder_.path(), "--batch-size", "32", "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::vector<Json> records(const Words& more, const ProcessOptions& options = {}) const {
    const Finished finished = tenon(words(more), options);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return json_lines(finished.out);
  }

  TemporaryFolder folder_;
};

std::vector<double> losses(const std::vector<Json>& records) {
  std::vector<double> values;
  for (const Json& record : records) {
    if (record.contains("step")) values.push_back(record.at("loss"));
  }
  return values;
}

void expect_close(const std::vector<double>& a, const std::vector<double>& b, double relative) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], relative * std::abs(b[i])) << "step " << i + 1;
}

TEST_F(Train, JsonRecordsHaveExactlyTheirKeys) {
  const auto all = records({"--epochs", "2", "--log-every", "4", "--backend", "blas"});
  const std::set<std::string> epoch_keys = {"epoch",         "train_loss", "train_accuracy",    "test_loss",
                                            "test_accuracy", "seconds",    "images_per_second", "backend"};
  std::vector<int> steps;
  std::vector<int> epochs;
  for (const Json& record : all) {
    std::set<std::string> keys;
    for (const auto& [key, value] : record.items()) keys.insert(key);
    if (record.contains("step")) {
      EXPECT_EQ(keys, (std::set<std::string>{"step", "loss"}));
      steps.push_back(record.at("step"));
    } else {
      EXPECT_EQ(keys, epoch_keys);
      EXPECT_EQ(record.at("backend"), "blas");
      epochs.push_back(record.at("epoch"));
    }
  }
  EXPECT_EQ(steps, (std::vector<int>{4, 8, 12, 16, 20}));
  EXPECT_EQ(epochs, (std::vector<int>{1, 2}));
  EXPECT_GT(all.back().at("images_per_second").get<double>(), 0);
}

TEST_F(Train, LearnsWithEveryOptimizerAndLoss) {
  for (const char* loss : {"cross-entropy", "mse"}) {
    for (const char* optimizer : {"sgd", "momentum", "adam", "adamw"}) {
      const auto all =
          records({"--epochs", "30", "--optimizer", optimizer, "--loss", loss, "--hidden", "16,8"});
      EXPECT_GT(all.back().at("test_accuracy").get<double>(), 0.9) << optimizer << " " << loss;
    }
  }
}

TEST_F(Train, ASeedDecidesEverything) {
  const Words run = {"--epochs", "2", "--log-every", "1"};
  const auto with_seed = [&](const char* seed) {
    Words more = run;
    more.insert(more.end(), {"--seed", seed});
    return losses(records(more));
  };
  EXPECT_EQ(with_seed("5"), with_seed("5"));
  EXPECT_NE(with_seed("5"), with_seed("6"));
}

TEST_F(Train, MaxStepsStopsInTheMiddleOfAnEpoch) {
  const auto all = records({"--max-steps", "13", "--log-every", "1"});
  EXPECT_EQ(losses(all).size(), 13U);
  EXPECT_EQ(all.back().at("epoch"), 2);
}

TEST_F(Train, NoStepsOnlyTests) {
  const auto all = records({"--epochs", "0"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].at("train_loss").is_null());
  EXPECT_TRUE(all[0].at("test_accuracy").is_number());
}

TEST_F(Train, ALayerElsewhereChangesNothingButThePlace) {
  const auto reference = losses(records({"--log-every", "1", "--backend", "blas"}));
  const auto placed =
      losses(records({"--log-every", "1", "--backend", "blas", "--layer-backend", "2=naive"}));
  expect_close(placed, reference, 1e-4);
  const Finished summary = tenon(words({"--epochs", "0", "--summary", "--layer-backend", "2=naive"}));
  EXPECT_NE(summary.err.find("naive"), std::string::npos) << summary.err;
  EXPECT_EQ(json_lines(summary.out).size(), 1U);
}

TEST_F(Train, OnlyTheSelectedPluginIsOpened) {
  const auto opened = [&](const Words& more) {
    const Finished finished = tenon(words(more), {.environment = {{"TENON_DEBUG", "3"}}});
    EXPECT_EQ(finished.status, 0) << finished.err;
    return std::pair(finished.err.find("opened naive") != std::string::npos,
                     finished.err.find("opened blas") != std::string::npos);
  };
  EXPECT_EQ(opened({"--epochs", "1", "--backend", "blas"}), std::pair(false, true));
  EXPECT_EQ(opened({"--epochs", "1", "--backend", "naive"}), std::pair(true, false));
}

TEST_F(Train, ContinuesOnAnotherBackendWithoutAJump) {
  const std::string model = folder_ / "model.safetensors";
  const auto first = records({"--epochs", "2", "--backend", "naive", "--save", model});
  for (const char* backend : {"naive", "blas"}) {
    const auto loaded = records({"--epochs", "0", "--load", model, "--backend", backend});
    EXPECT_NEAR(loaded.back().at("test_loss").get<double>(), first.back().at("test_loss").get<double>(),
                1e-5);
    EXPECT_EQ(loaded.back().at("test_accuracy"), first.back().at("test_accuracy"));
  }
  const auto naive = losses(records({"--log-every", "1", "--load", model, "--backend", "naive"}));
  const auto blas = losses(records({"--log-every", "1", "--load", model, "--backend", "blas"}));
  expect_close(blas, naive, 1e-4);
  EXPECT_LT(blas.back(), first.back().at("train_loss").get<double>());
}

TEST_F(Train, TheSavedFileHasPyTorchsNames) {
  const std::string model = folder_ / "model.safetensors";
  records({"--epochs", "0", "--save", model, "--hidden", "8,4"});
  const SafetensorsFile file = load_safetensors(model);
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [name, tensor] : file.tensors) found.emplace_back(name, to_string(tensor.shape()));
  std::ranges::sort(found);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"0.bias", "(8,)"},     {"0.weight", "(8, 36)"}, {"2.bias", "(4,)"},
      {"2.weight", "(4, 8)"}, {"4.bias", "(3,)"},      {"4.weight", "(3, 4)"}};
  EXPECT_EQ(found, expected);
  EXPECT_EQ(file.metadata.at("hidden"), "8,4");
}

TEST_F(Train, BadInputIsExitCodeOneAndNamesTheFile) {
  const TemporaryFolder other;
  std::ofstream(other / "text.safetensors") << "no safetensors at all";
  const std::string small = other / "small.safetensors";
  records({"--epochs", "0", "--save", small, "--hidden", "8"});
  const auto expect_failure = [&](const Words& more, const std::string& part) {
    const Finished failed = tenon(words(more));
    EXPECT_EQ(failed.status, 1) << failed.err;
    EXPECT_EQ(failed.out, "");
    EXPECT_TRUE(failed.err.starts_with("tenon: ") && failed.err.find(part) != std::string::npos)
        << failed.err;
  };
  expect_failure({"--data", other / "nowhere"}, "nowhere");
  expect_failure({"--data", other.path()}, "train-images-idx3-ubyte");
  expect_failure({"--load", other / "absent"}, "absent");
  expect_failure({"--load", other / "text.safetensors"}, "text.safetensors");
  expect_failure({"--load", small, "--hidden", "9"}, "--hidden");
  expect_failure({"--load", small, "--data", default_image_folder()}, "small.safetensors");
  expect_failure({"--save", other / "no/such/folder/model"}, "no/such/folder");
  expect_failure({"--save", other.path()}, "Is a directory");
  ASSERT_EQ(::mkfifo((other / "fifo").c_str(), 0600), 0);
  expect_failure({"--save", other / "fifo"}, "not a regular file");
  std::filesystem::resize_file(folder_ / "train-images-idx3-ubyte", 1000);
  expect_failure({}, "train-images-idx3-ubyte");
}

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The emulated device is on no search path of its own.
const ProcessOptions kAllPlugins = {.environment = {{"TENON_PLUGIN_PATH", TENON_TEST_EMULATION}}};

bool is_available(const std::string& backend) {
  const Json listed = Json::parse(tenon({"backends", "--json"}, kAllPlugins).out);
  return std::ranges::any_of(
      listed, [&](const Json& one) { return one.at("name") == backend && one.at("available") == true; });
}

class FashionMnist : public testing::Test {
 protected:
  static std::vector<Json> records(const Words& more) {
    Words all = {"train", "--hidden", "50", "--json"};
    const Finished finished = tenon(all + more, kAllPlugins);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return json_lines(finished.out);
  }
};

class EachBackendOnFashionMnist : public FashionMnist, public testing::WithParamInterface<const char*> {};

TEST_P(EachBackendOnFashionMnist, StartsAndStaysWithNaive) {
  const std::string backend = GetParam();
  if (!is_available(backend)) GTEST_SKIP() << backend << " is not available here";
  const TemporaryFolder folder;
  const auto run = [&](const std::string& on) {
    records({"--backend", on, "--seed", "3", "--epochs", "0", "--save", folder / on});
    return losses(records({"--backend", on, "--seed", "3", "--max-steps", "100", "--log-every", "1"}));
  };
  const auto naive = run("naive");
  ASSERT_EQ(naive.size(), 100U);
  expect_close(run(backend), naive, 1e-4);
  const auto reference = load_safetensors(folder / "naive");
  const auto file = load_safetensors(folder / backend);
  ASSERT_EQ(file.tensors.size(), reference.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    EXPECT_EQ(file.tensors[i].first, reference.tensors[i].first);
    EXPECT_EQ(file.tensors[i].second.to_vector<float>(), reference.tensors[i].second.to_vector<float>());
  }
}

INSTANTIATE_TEST_SUITE_P(Train, EachBackendOnFashionMnist,
                         testing::Values("blas", "onednn", "opencl", "cuda-emulated"), [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_F(FashionMnist, ALayerOnEachBackendTrains) {
  Words words = {"--hidden", "32,24,16", "--max-steps", "40", "--log-every", "1", "--seed", "3"};
  const auto together = losses(records(words + Words{"--backend", "naive"}));
  const char* layer = "0";
  words = words + Words{"--backend", "naive"};
  for (const char* backend : {"naive", "blas", "onednn", "opencl"}) {
    if (is_available(backend)) words = words + Words{"--layer-backend", std::string(layer) + "=" + backend};
    layer = layer == std::string_view("0") ? "2" : layer == std::string_view("2") ? "4" : "6";
  }
  expect_close(losses(records(words)), together, 1e-4);
}

TEST_F(FashionMnist, ThreeEpochsReachEightyFivePercent) {
  const auto all = records({"--backend", "blas", "--epochs", "3"});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_GE(all.back().at("test_accuracy").get<double>(), 0.85);
}

}  // namespace
}  // namespace tenon::test
