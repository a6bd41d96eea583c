// tenon train: a classifier of images, from a folder of IDX files.
#include <tenon/backend.h>
#include <tenon/data.h>
#include <tenon/error.h>
#include <tenon/io.h>
#include <tenon/nn.h>
#include <tenon/ops.h>
#include <tenon/optim.h>
#include <tenon/random.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "backend_options.h"
#include "classifier.h"
#include "commands.h"
#include "console.h"
#include "interrupt.h"
#include "training.h"
#include "training_report.h"
#include "usage_error.h"

namespace tenon::tool {
namespace {

struct Options {
  std::string data = default_image_folder();
  std::vector<std::int64_t> hidden = {50};
  std::int64_t epochs = 3;
  std::int64_t batch_size = 64;
  std::optional<double> learning_rate;
  std::string optimizer = "sgd";
  std::optional<double> momentum;
  std::optional<double> weight_decay;
  std::string schedule = "cosine";
  std::string loss = "cross-entropy";
  std::uint64_t seed = 0;
  std::vector<std::string> layer_backends;
  std::int64_t max_steps = std::numeric_limits<std::int64_t>::max();
  std::int64_t log_every = 0;
  bool summary = false;
  std::string save;
  std::string load;
  bool json = false;
  BackendOptions backend;
  bool hidden_given = false;
};

using Parameters = std::vector<Tensor>;

struct OptimizerChoice {
  std::string_view name;
  double learning_rate;      // for cross-entropy
  double mse_learning_rate;  // whose gradients are smaller by the number of classes
  std::unique_ptr<optim::Optimizer> (*make)(Parameters parameters, double learning_rate,
                                            const Options& options);
};

template <typename Adam>
std::unique_ptr<optim::Optimizer> make_adam(Parameters parameters, double learning_rate,
                                            const Options& options, optim::AdamOptions defaults) {
  defaults.weight_decay = options.weight_decay.value_or(defaults.weight_decay);
  return std::make_unique<Adam>(std::move(parameters), learning_rate, defaults);
}

std::unique_ptr<optim::Optimizer> make_sgd(Parameters parameters, double learning_rate, double momentum,
                                           const Options& options) {
  return std::make_unique<optim::SGD>(
      std::move(parameters), learning_rate,
      optim::SGDOptions{.momentum = momentum, .weight_decay = options.weight_decay.value_or(0)});
}

constexpr std::array kOptimizers = {
    OptimizerChoice{"sgd", 0.1, 0.5,
                    [](Parameters p, double lr, const Options& o) {
                      return make_sgd(std::move(p), lr, o.momentum.value_or(0), o);
                    }},
    OptimizerChoice{"momentum", 0.02, 0.1,
                    [](Parameters p, double lr, const Options& o) {
                      return make_sgd(std::move(p), lr, o.momentum.value_or(0.9), o);
                    }},
    OptimizerChoice{"adam", 1e-3, 1e-3,
                    [](Parameters p, double lr, const Options& o) {
                      return make_adam<optim::Adam>(std::move(p), lr, o, optim::AdamOptions{});
                    }},
    OptimizerChoice{"adamw", 1e-3, 1e-3,
                    [](Parameters p, double lr, const Options& o) {
                      return make_adam<optim::AdamW>(std::move(p), lr, o, optim::AdamW::kDefaults);
                    }},
};

const OptimizerChoice& chosen_optimizer(const Options& options) {
  return *std::ranges::find(kOptimizers, options.optimizer, &OptimizerChoice::name);
}

double learning_rate(const Options& options) {
  const OptimizerChoice& choice = chosen_optimizer(options);
  return options.learning_rate.value_or(options.loss == "mse" ? choice.mse_learning_rate
                                                              : choice.learning_rate);
}

// Mean squared error between the outputs and the one-hot labels.
class OneHotMSELoss : public nn::Loss {
 public:
  Tensor operator()(const Tensor& outputs, const Tensor& labels) const override {
    return nn::mse_loss(outputs, one_hot(labels, outputs.size(-1), outputs.dtype()));
  }
};

std::unique_ptr<nn::Loss> make_loss(const std::string& name) {
  if (name == "mse") return std::make_unique<OneHotMSELoss>();
  return std::make_unique<nn::CrossEntropyLoss>();
}

std::unique_ptr<optim::Schedule> make_schedule(const Options& options, optim::Optimizer& optimizer) {
  if (options.schedule == "constant" || options.epochs == 0) return nullptr;
  return std::make_unique<optim::CosineLR>(optimizer, options.epochs);
}

BackendChoice choose(const std::string& names) {
  try {
    return BackendChoice(names);
  } catch (const BackendError& error) {
    throw UsageError(error.what());
  }
}

// "2=naive" puts the layer called 2 on naive.
void place_layers(nn::Sequential& network, const std::vector<std::string>& placements) {
  for (const std::string& placement : placements) {
    const std::size_t equals = placement.find('=');
    const std::string name = placement.substr(0, equals);
    if (equals == std::string::npos) {
      throw UsageError(fmt::format("--layer-backend {}: NAME=BACKEND was expected", placement));
    }
    const auto layers = network.named_children();
    const auto layer =
        std::ranges::find(layers, name, &std::pair<std::string, std::shared_ptr<nn::Module>>::first);
    if (layer == layers.end()) {
      std::vector<std::string> known;
      known.reserve(layers.size());
      for (const auto& [known_name, module] : layers) known.push_back(known_name + " " + module->type_name());
      throw UsageError(fmt::format("--layer-backend {}: no layer is called '{}'; there are {}", placement,
                                   name, fmt::join(known, ", ")));
    }
    layer->second->to(choose(placement.substr(equals + 1)));
  }
}

void check_sizes(const Options& options, const ImageDataset& train, const ImageDataset& test) {
  if (train.height() != test.height() || train.width() != test.width()) {
    throw FileError(fmt::format("{}: the training images are {}x{}, the test images {}x{}", options.data,
                                train.height(), train.width(), test.height(), test.width()));
  }
}

Classifier make_classifier(const Options& options, const ImageDataset& train, std::int64_t classes) {
  Classifier classifier;
  classifier.height = train.height();
  classifier.width = train.width();
  classifier.normalization = normalization_of(train.images);
  classifier.class_names = known_class_names(train, classifier.normalization);
  manual_seed(options.seed);
  if (options.load.empty()) {
    classifier.network = make_network(classifier.pixels(), options.hidden, classes);
    return classifier;
  }
  classifier.network = load_network(options.load);
  const auto& first = dynamic_cast<const nn::Linear&>((*classifier.network)[0]);
  std::vector<std::int64_t> sizes = output_sizes(*classifier.network);
  if (first.in_features() != classifier.pixels() || sizes.back() < classes) {
    throw FileError(fmt::format(
        "{}: the network takes {} pixels and knows {} classes; {} has images of {}x{} in {}", options.load,
        first.in_features(), sizes.back(), options.data, classifier.height, classifier.width, classes));
  }
  sizes.pop_back();
  if (options.hidden_given && sizes != options.hidden) {
    throw FileError(fmt::format("{}: the hidden layers are {}, not {}; leave --hidden out", options.load,
                                fmt::join(sizes, ","), fmt::join(options.hidden, ",")));
  }
  if (classifier.class_names.size() != static_cast<std::size_t>(output_sizes(*classifier.network).back()))
    classifier.class_names.clear();
  return classifier;
}

std::string description(const Options& options, const Classifier& classifier, const Batches& train,
                        const Batches& test) {
  return fmt::format(
      "{} training and {} test images of {}x{}{}\n"
      "network {}-{} with {} parameters; {}, {} at {}, batches of {}, seed {}\n"
      "backend {}, {} threads\n",
      train.images(), test.images(), classifier.height, classifier.width,
      classifier.class_names.empty() ? "" : " (Fashion-MNIST)", classifier.pixels(),
      fmt::join(output_sizes(*classifier.network), "-"), classifier.network->parameter_count(), options.loss,
      options.optimizer, learning_rate(options), options.batch_size, options.seed, current_backend().names(),
      num_threads());
}

void run(const Options& options) {
  if (options.momentum && options.optimizer.starts_with("adam")) {
    throw UsageError(fmt::format("--momentum: {} has none", options.optimizer));
  }
  options.backend.apply();
  if (!options.save.empty()) check_save_path(options.save);
  const ImageDataset train_set = load_image_folder(options.data, Subset::train);
  const ImageDataset test_set = load_image_folder(options.data, Subset::test);
  check_sizes(options, train_set, test_set);
  Classifier classifier =
      make_classifier(options, train_set, std::max(train_set.classes(), test_set.classes()));
  place_layers(*classifier.network, options.layer_backends);

  constexpr std::int64_t kTestBatch = 1000;
  const Batches train_batches(train_set, classifier.normalization,
                              {.batch_size = options.batch_size, .seed = options.seed});
  const Batches test_batches(test_set, classifier.normalization,
                             {.batch_size = kTestBatch, .shuffle = false});
  const auto loss = make_loss(options.loss);
  const auto optimizer =
      chosen_optimizer(options).make(classifier.network->parameters(), learning_rate(options), options);

  const auto schedule = make_schedule(options, *optimizer);

  if (!options.json) print(description(options, classifier, train_batches, test_batches));
  if (options.summary) {
    const std::string table = classifier.network->summary({options.batch_size, classifier.pixels()}) + "\n";
    if (options.json) {
      std::fputs(table.c_str(), stderr);
    } else {
      print(table);
    }
  }
  flush_output();

  const auto save = [&] {
    if (!options.save.empty()) save_classifier(options.save, classifier);
  };
  const auto report = make_training_report({.json = options.json,
                                            .log_every = options.log_every,
                                            .epochs = options.epochs,
                                            .backend = current_backend().names()});
  const InterruptWatch watch;
  const Ending ending = train({.network = *classifier.network,
                               .loss = *loss,
                               .optimizer = *optimizer,
                               .schedule = schedule.get(),
                               .train = train_batches,
                               .test = test_batches,
                               .epochs = options.epochs,
                               .max_steps = options.max_steps,
                               .after_epoch = save},
                              *report);
  if (ending == Ending::interrupted) save();
  if (!options.save.empty()) report->note(fmt::format("saved {}", options.save));
  if (ending == Ending::interrupted) {
    report->note("interrupted");
    flush_output();
    InterruptWatch::end_process();
  }
}

constexpr std::int64_t kMany = std::int64_t{1} << 32;
constexpr std::int64_t kLargest = std::int64_t{1} << 24;

const CLI::Validator kNotNegative(
    [](std::string& text) {
      double value = 0;
      const bool good = CLI::detail::lexical_cast(text, value) && std::isfinite(value) && value >= 0;
      return good ? std::string() : text + " is no number >= 0";
    },
    "");

void add_network_options(CLI::App& command, Options& options) {
  command
      .add_option("--data", options.data, "Folder with train-images-idx3-ubyte[.gz] and its three companions")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_option("--hidden", options.hidden, "Sizes of the hidden layers: 50, or 512,256")
      ->type_name("N,...")
      ->delimiter(',')
      ->transform(between(1, kLargest))
      ->default_str("50");
  command.add_option("--loss", options.loss, "cross-entropy, or mse against the one-hot labels")
      ->type_name("NAME")
      ->check(one_of({"cross-entropy", "mse"}))
      ->capture_default_str();
  command.add_option("--load", options.load, "Start from these weights instead of drawing new ones")
      ->type_name("FILE");
  command.add_option("--save", options.save, "Write the weights here, after each epoch; atomic")
      ->type_name("FILE");
  command.add_flag("--summary", options.summary, "Print the table of layers first");
}

void add_optimizer_options(CLI::App& command, Options& options) {
  std::vector<std::string> names;
  std::vector<std::string> rates;
  for (const OptimizerChoice& choice : kOptimizers) {
    names.emplace_back(choice.name);
    rates.push_back(
        fmt::format("{} {} (mse {})", choice.name, choice.learning_rate, choice.mse_learning_rate));
  }
  command.add_option("--epochs", options.epochs, "Passes over the training set")
      ->type_name("N")
      ->transform(between(0, kMany))
      ->capture_default_str();
  command.add_option("--max-steps", options.max_steps, "Stop after this many steps")
      ->type_name("N")
      ->transform(between(0, kMany));
  command.add_option("--batch-size", options.batch_size, "Images in a step")
      ->type_name("N")
      ->transform(between(1, kLargest))
      ->capture_default_str();
  command.add_option("--optimizer", options.optimizer, fmt::format("One of {}", fmt::join(names, ", ")))
      ->type_name("NAME")
      ->check(one_of(names))
      ->capture_default_str();
  command
      .add_option("--lr", options.learning_rate,
                  fmt::format("Learning rate; if not given: {}", fmt::join(rates, ", ")))
      ->type_name("X")
      ->check(kNotNegative);
  command
      .add_option("--schedule", options.schedule,
                  "cosine: the learning rate falls to 0 along a cosine, by the epoch; or constant")
      ->type_name("NAME")
      ->check(one_of({"cosine", "constant"}))
      ->capture_default_str();
  command.add_option("--momentum", options.momentum, "Of sgd, 0 if not given; of momentum, 0.9 if not given")
      ->type_name("X")
      ->check(kNotNegative);
  command.add_option("--weight-decay", options.weight_decay, "0 if not given, for adamw 0.01")
      ->type_name("X")
      ->check(kNotNegative);
  command.add_option("--seed", options.seed, "Of the weights and of the shuffling")
      ->transform(between(0, std::numeric_limits<std::int64_t>::max()))
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a classifier on a folder of labelled images");
  add_network_options(*command, *options);
  add_optimizer_options(*command, *options);
  options->backend.add_to(*command);
  command
      ->add_option("--layer-backend", options->layer_backends,
                   "Put one layer on another backend: 2=naive; repeatable")
      ->type_name("NAME=LIST")
      ->expected(1)
      ->take_all();
  command->add_option("--log-every", options->log_every, "Report the loss of each N-th step")
      ->type_name("N")
      ->transform(between(0, kMany));
  command->add_flag("--json", options->json, "Print one JSON object a line");
  command->footer(
      "\nExamples:\n"
      "  tenon train\n"
      "  tenon train --hidden 512,256 --optimizer adam --epochs 10 --save model.safetensors\n"
      "  tenon train --backend blas --layer-backend 2=naive --summary\n"
      "  tenon train --load model.safetensors --epochs 0        (only tests)");
  command->callback([options, command, &action] {
    options->hidden_given = command->count("--hidden") > 0;
    action = [options] { run(*options); };
  });
}

}  // namespace tenon::tool
