// tenon predict: what a saved classifier takes images for.
#include <tenon/autograd.h>
#include <tenon/data.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "backend_options.h"
#include "classifier.h"
#include "commands.h"
#include "console.h"
#include "picture.h"
#include "usage_error.h"

namespace tenon::tool {
namespace {

struct Options {
  std::string model;
  std::string data = default_image_folder();
  std::int64_t index = 0;
  std::int64_t count = 1;
  std::vector<std::string> class_names;
  bool no_picture = false;
  bool json = false;
  BackendOptions backend;
};

// Images, and labels if there are any.
struct Images {
  Tensor pixels;  // uint8 [N, H, W]
  Tensor labels;  // undefined where nobody knows
};

struct Prediction {
  std::int64_t index = 0;
  std::int64_t label = 0;
  std::vector<double> probabilities;
  std::optional<std::int64_t> truth;
};

// The test set of a folder, or the images of one IDX file.
Images load_images(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    ImageDataset dataset = load_image_folder(path, Subset::test);
    return {dataset.images, dataset.labels};
  }
  Tensor pixels = load_idx(path);
  if (pixels.rank() == 2) pixels = unsqueeze(pixels, 0);
  if (pixels.rank() != 3 || pixels.dtype() != DType::uint8) {
    throw FileError(fmt::format("{}: holds {} {}, not images: uint8 (count, height, width)", path,
                                name(pixels.dtype()), to_string(pixels.shape())));
  }
  return {pixels, {}};
}

void check_fit(const Options& options, const Classifier& classifier, const Images& images) {
  if (images.pixels.size(1) != classifier.height || images.pixels.size(2) != classifier.width) {
    throw FileError(fmt::format("{}: images of {}x{}, but {} is for {}x{}", options.data,
                                images.pixels.size(1), images.pixels.size(2), options.model,
                                classifier.height, classifier.width));
  }
  if (options.index + options.count > images.pixels.size(0)) {
    throw IndexError(fmt::format("{}: has {} images; --index {} --count {} goes beyond", options.data,
                                 images.pixels.size(0), options.index, options.count));
  }
}

std::vector<Prediction> predict(const Classifier& classifier, const Images& images, std::int64_t first,
                                std::int64_t count) {
  const NoGrad no_grad;
  const Tensor pixels = reshape(slice(images.pixels, 0, first, first + count), {count, classifier.pixels()});
  const Tensor logits = (*classifier.network)(normalize(pixels, classifier.normalization));
  const auto labels = argmax(logits, {-1}).to_vector<std::int64_t>();
  const auto probabilities = softmax(logits).to_vector<double>();
  const auto classes = static_cast<std::size_t>(logits.size(-1));
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(i * classes);
    const auto index = first + static_cast<std::int64_t>(i);
    predictions.push_back({index, labels[i], {row, row + static_cast<std::ptrdiff_t>(classes)}, {}});
    if (images.labels.defined())
      predictions.back().truth = select(images.labels, 0, index).item<std::int64_t>();
  }
  return predictions;
}

std::string json_text(const Prediction& prediction, const Classifier& classifier) {
  nlohmann::ordered_json json = {
      {"index", prediction.index},
      {"class", prediction.label},
      {"name", classifier.class_name(prediction.label)},
      {"probability", prediction.probabilities[static_cast<std::size_t>(prediction.label)]},
      {"probabilities", prediction.probabilities}};
  if (prediction.truth) {
    json["label"] = *prediction.truth;
    json["label_name"] = classifier.class_name(*prediction.truth);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string verdict(const Prediction& prediction, const Classifier& classifier) {
  const auto describe = [&](std::int64_t label) {
    const std::string name = classifier.class_name(label);
    return classifier.class_names.empty() ? "class " + name : fmt::format("{} (class {})", name, label);
  };
  std::string text = fmt::format("image {}: {}, {:.1f} %", prediction.index, describe(prediction.label),
                                 100 * prediction.probabilities[static_cast<std::size_t>(prediction.label)]);
  if (!prediction.truth) return text;
  return text + (*prediction.truth == prediction.label ? ", right"
                                                       : ", wrong: it is " + describe(*prediction.truth));
}

void run(const Options& options) {
  options.backend.apply();
  Classifier classifier = load_classifier(options.model);
  const auto classes = static_cast<std::size_t>(output_sizes(*classifier.network).back());
  if (!options.class_names.empty()) {
    if (options.class_names.size() != classes) {
      throw UsageError(
          fmt::format("--class-names: {} names for {} classes", options.class_names.size(), classes));
    }
    classifier.class_names = options.class_names;
  }
  const Images images = load_images(options.data);
  check_fit(options, classifier, images);
  classifier.network->eval();
  constexpr std::int64_t kBatch = 1000;
  std::int64_t hits = 0;
  for (std::int64_t done = 0; done < options.count; done += kBatch) {
    const std::int64_t count = std::min(kBatch, options.count - done);
    for (const Prediction& prediction : predict(classifier, images, options.index + done, count)) {
      hits += prediction.truth == prediction.label ? 1 : 0;
      if (!options.json && !options.no_picture)
        print(picture(select(images.pixels, 0, prediction.index), stdout));
      print_line(options.json ? json_text(prediction, classifier) : verdict(prediction, classifier));
    }
  }
  if (!options.json && images.labels.defined() && options.count > 1) {
    print(fmt::format("{} of {} right ({:.1f} %)\n", hits, options.count,
                      100 * static_cast<double>(hits) / static_cast<double>(options.count)));
  }
}

}  // namespace

void add_predict(CLI::App& app, Action& action) {
  constexpr std::int64_t kMany = std::int64_t{1} << 32;
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "Say what a saved classifier takes images for");
  command->add_option("--model", options->model, "What `tenon train --save` wrote")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--data", options->data, "Folder whose test images are taken, or one IDX file of images")
      ->type_name("PATH")
      ->capture_default_str();
  command->add_option("--index", options->index, "The first image")
      ->type_name("N")
      ->transform(between(0, kMany))
      ->capture_default_str();
  command->add_option("--count", options->count, "How many images")
      ->type_name("N")
      ->transform(between(1, kMany))
      ->capture_default_str();
  command->add_option("--class-names", options->class_names, "What to call the classes, from class 0")
      ->type_name("NAME,...")
      ->delimiter(',');
  options->backend.add_to(*command);
  command->add_flag("--no-picture", options->no_picture, "Do not draw the images");
  command->add_flag("--json", options->json, "Print one JSON object a line");
  command->footer(
      "\nExamples:\n"
      "  tenon predict --model model.safetensors\n"
      "  tenon predict --model model.safetensors --index 7 --count 3\n"
      "  tenon predict --model model.safetensors --data my-images-idx3-ubyte.gz --json");
  command->callback([options, &action] { action = [options] { run(*options); }; });
}

}  // namespace tenon::tool
