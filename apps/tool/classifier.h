// What `train` makes and `predict` uses: a network for images of one size, and all that its user must know.
#pragma once

#include <tenon/data.h>
#include <tenon/nn.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tenon::tool {

struct Classifier {
  std::shared_ptr<nn::Sequential> network;
  std::int64_t height = 0;
  std::int64_t width = 0;
  Normalization normalization;           ///< of the training set
  std::vector<std::string> class_names;  ///< empty where the classes are only numbers

  [[nodiscard]] std::int64_t pixels() const { return height * width; }
  /// What to call a class: its name, or the number.
  [[nodiscard]] std::string class_name(std::int64_t label) const;
};

/// Linear layers with ReLU between them, so that the parameters are called 0.weight, 0.bias, 2.weight, ...
/// Weights are drawn from the default generator.
std::shared_ptr<nn::Sequential> make_network(std::int64_t inputs, const std::vector<std::int64_t>& hidden,
                                             std::int64_t classes);
/// The number of outputs of each Linear in turn.
std::vector<std::int64_t> output_sizes(const nn::Sequential& network);

/// One safetensors file; what is no tensor is in its metadata. Atomic. Throws FileError.
void save_classifier(const std::string& path, const Classifier& classifier);
/// Throws FileError, naming file and field, on one that save_classifier() did not write.
Classifier load_classifier(const std::string& path);
/// The network alone: also from a file of the same parameters that PyTorch wrote.
std::shared_ptr<nn::Sequential> load_network(const std::string& path);

/// The names of the classes if the training images are those of Fashion-MNIST (Xiao et al. 2017), which is
/// told by their number, size and mean; empty for others.
std::vector<std::string> known_class_names(const ImageDataset& train, const Normalization& normalization);

}  // namespace tenon::tool
