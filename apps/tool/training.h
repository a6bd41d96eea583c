// The training loop.
#pragma once

#include <tenon/data.h>
#include <tenon/nn.h>
#include <tenon/optim.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

namespace tenon::tool {

class TrainingReport;

/// Means over the images seen.
struct Score {
  double loss = 0;
  double accuracy = 0;
};

/// One optimisation step.
struct StepRecord {
  std::int64_t step = 0;  ///< counted over the whole run, from 1
  std::int64_t epoch = 0;
  double loss = 0;  ///< of this step's batch, before the update

  std::int64_t steps = 0;  ///< of the whole run
  Score so_far;            ///< of this epoch
  double images_per_second = 0;
};

/// One pass over the training set. No `train` if no step was taken.
struct EpochRecord {
  std::int64_t epoch = 0;
  std::optional<Score> train;
  Score test;
  double seconds = 0;  ///< of the training pass alone
  double images_per_second = 0;
};

struct TrainingSetup {
  nn::Module& network;
  const nn::Loss& loss;
  optim::Optimizer& optimizer;
  optim::Schedule* schedule = nullptr;  ///< goes on after each epoch; null for none
  const Batches& train;
  const Batches& test;
  std::int64_t epochs = 1;
  std::int64_t max_steps = std::numeric_limits<std::int64_t>::max();
  std::function<void()> after_epoch;  ///< called when an epoch was reported
};

enum class Ending : std::uint8_t { complete, interrupted };

/// Trains and tests. A Ctrl-C ends it after the step that runs. With no step to take it only tests, as epoch
/// 0.
Ending train(const TrainingSetup& setup, TrainingReport& report);

/// Loss and accuracy of a network, which it puts in evaluation mode, over one epoch of `batches`.
Score evaluate(nn::Module& network, const nn::Loss& loss, const Batches& batches);

}  // namespace tenon::tool
