#include "classifier.h"

#include <tenon/error.h>
#include <tenon/io.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace tenon::tool {
namespace {

constexpr std::int64_t kMaxExtent = 1 << 20;

// The layers that a file's tensors describe: their sizes are believed only as far as the tensors reach.
struct Sizes {
  std::int64_t inputs = 0;
  std::vector<std::int64_t> outputs;
};

Sizes sizes_of(const std::string& path, const NamedTensors& tensors) {
  Sizes sizes;
  const std::map<std::string, Tensor> by_name(tensors.begin(), tensors.end());
  for (;;) {
    const std::string name = fmt::format("{}.weight", 2 * sizes.outputs.size());
    const auto found = by_name.find(name);
    if (found == by_name.end()) break;
    const Tensor& tensor = found->second;
    const bool first = sizes.outputs.empty();
    if (tensor.rank() != 2 || tensor.size() == 0 || (!first && tensor.size(1) != sizes.outputs.back())) {
      throw FileError(fmt::format("{}: {} {} does not continue a chain of linear layers; ({}) was expected",
                                  path, name, to_string(tensor.shape()),
                                  first ? "n, m" : fmt::format("n, {}", sizes.outputs.back())));
    }
    if (first) sizes.inputs = tensor.size(1);
    sizes.outputs.push_back(tensor.size(0));
  }
  if (sizes.outputs.empty())
    throw FileError(fmt::format("{}: no tensor 0.weight; `tenon train --save` writes one", path));
  return sizes;
}

std::shared_ptr<nn::Sequential> network_from(const std::string& path, const NamedTensors& tensors) {
  const Sizes sizes = sizes_of(path, tensors);
  std::vector<std::int64_t> hidden = sizes.outputs;
  hidden.pop_back();
  auto network = make_network(sizes.inputs, hidden, sizes.outputs.back());
  try {
    network->load_state_dict(tensors);
  } catch (const Error& error) {
    throw FileError(fmt::format("{}: {}", path, error.what()));
  }
  return network;
}

const std::string& field(const std::string& path, const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) {
    throw FileError(fmt::format("{}: the metadata have no '{}'; `tenon train --save` writes it", path, key));
  }
  return found->second;
}

template <typename T>
T number(const std::string& path, const Metadata& metadata, const std::string& key) {
  const std::string& text = field(path, metadata, key);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw FileError(fmt::format("{}: metadata '{}' is no number", path, key));
  }
  return value;
}

std::int64_t extent(const std::string& path, const Metadata& metadata, const std::string& key) {
  const auto value = number<std::int64_t>(path, metadata, key);
  if (value < 1 || value > kMaxExtent)
    throw FileError(fmt::format("{}: metadata '{}' is out of range", path, key));
  return value;
}

std::vector<std::string> class_names_from(const std::string& path, const Metadata& metadata,
                                          std::int64_t classes) {
  const auto text = metadata.find("class_names");
  if (text == metadata.end()) return {};
  std::vector<std::string> names;
  const auto json = nlohmann::json::parse(text->second, nullptr, false);
  const bool strings =
      json.is_array() && std::ranges::all_of(json, [](const auto& item) { return item.is_string(); });
  if (!strings || json.size() != static_cast<std::size_t>(classes)) {
    throw FileError(fmt::format("{}: metadata 'class_names' is no JSON array of {} strings", path, classes));
  }
  json.get_to(names);
  return names;
}

}  // namespace

std::string Classifier::class_name(std::int64_t label) const {
  const auto i = static_cast<std::size_t>(label);
  return i < class_names.size() ? class_names[i] : fmt::format("{}", label);
}

std::shared_ptr<nn::Sequential> make_network(std::int64_t inputs, const std::vector<std::int64_t>& hidden,
                                             std::int64_t classes) {
  auto network = std::make_shared<nn::Sequential>();
  for (const std::int64_t outputs : hidden) {
    network->add(std::make_shared<nn::Linear>(inputs, outputs));
    network->add(std::make_shared<nn::ReLU>());
    inputs = outputs;
  }
  network->add(std::make_shared<nn::Linear>(inputs, classes));
  return network;
}

std::vector<std::int64_t> output_sizes(const nn::Sequential& network) {
  std::vector<std::int64_t> sizes;
  for (const auto& [name, layer] : network.named_children()) {
    if (const auto* linear = dynamic_cast<const nn::Linear*>(layer.get()))
      sizes.push_back(linear->out_features());
  }
  return sizes;
}

void save_classifier(const std::string& path, const Classifier& classifier) {
  const std::vector<std::int64_t> sizes = output_sizes(*classifier.network);
  Metadata metadata = {{"hidden", fmt::format("{}", fmt::join(sizes.begin(), sizes.end() - 1, ","))},
                       {"classes", fmt::format("{}", sizes.back())},
                       {"image_height", fmt::format("{}", classifier.height)},
                       {"image_width", fmt::format("{}", classifier.width)},
                       {"mean", fmt::format("{}", classifier.normalization.mean)},
                       {"deviation", fmt::format("{}", classifier.normalization.deviation)}};
  if (!classifier.class_names.empty())
    metadata["class_names"] = nlohmann::json(classifier.class_names).dump();
  save_safetensors(path, classifier.network->state_dict(), metadata);
}

Classifier load_classifier(const std::string& path) {
  const SafetensorsFile file = load_safetensors(path);
  Classifier classifier;
  classifier.network = network_from(path, file.tensors);
  classifier.height = extent(path, file.metadata, "image_height");
  classifier.width = extent(path, file.metadata, "image_width");
  classifier.normalization = {number<double>(path, file.metadata, "mean"),
                              number<double>(path, file.metadata, "deviation")};
  if (!std::isfinite(classifier.normalization.mean) || !(classifier.normalization.deviation > 0)) {
    throw FileError(fmt::format("{}: metadata 'mean' or 'deviation' is out of range", path));
  }
  const auto& first = dynamic_cast<const nn::Linear&>((*classifier.network)[0]);
  if (first.in_features() != classifier.pixels()) {
    throw FileError(
        fmt::format("{}: metadata 'image_height' x 'image_width' is {} x {}, but 0.weight takes {} pixels",
                    path, classifier.height, classifier.width, first.in_features()));
  }
  classifier.class_names = class_names_from(path, file.metadata, output_sizes(*classifier.network).back());
  return classifier;
}

std::shared_ptr<nn::Sequential> load_network(const std::string& path) {
  return network_from(path, load_safetensors(path).tensors);
}

std::vector<std::string> known_class_names(const ImageDataset& train, const Normalization& normalization) {
  constexpr std::int64_t kImages = 60000;
  constexpr std::int64_t kSide = 28;
  constexpr double kMean = 0.28604059698879547;
  if (train.size() != kImages || train.height() != kSide || train.width() != kSide ||
      std::abs(normalization.mean - kMean) > 1e-9) {
    return {};
  }
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
}

}  // namespace tenon::tool
