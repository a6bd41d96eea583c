#include "training.h"

#include <tenon/autograd.h>
#include <tenon/ops.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <vector>

#include "interrupt.h"
#include "training_report.h"

namespace tenon::tool {
namespace {

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Loss and hits, summed over images.
class Tally {
 public:
  /// `loss` is the batch's mean; returns it as a number.
  double add(const Tensor& loss, const Tensor& logits, const Tensor& labels) {
    const NoGrad no_grad;
    const auto value = loss.item<double>();
    const std::vector<std::int64_t> guesses = argmax(logits, {-1}).to_vector<std::int64_t>();
    const std::vector<std::int64_t> truths = labels.to_vector<std::int64_t>();
    hits_ += std::inner_product(guesses.begin(), guesses.end(), truths.begin(), std::int64_t{0}, std::plus(),
                                std::equal_to());
    loss_ += value * static_cast<double>(labels.size());
    images_ += labels.size();
    return value;
  }

  [[nodiscard]] std::int64_t images() const { return images_; }
  [[nodiscard]] Score score() const {
    const auto images = static_cast<double>(std::max<std::int64_t>(images_, 1));
    return {loss_ / images, static_cast<double>(hits_) / images};
  }

 private:
  double loss_ = 0;
  std::int64_t hits_ = 0;
  std::int64_t images_ = 0;
};

double rate(std::int64_t images, double seconds) {
  return seconds > 0 ? static_cast<double>(images) / seconds : 0;
}

class Loop {
 public:
  Loop(const TrainingSetup& setup, TrainingReport& report)
      : setup_(setup),
        report_(report),
        steps_(std::min(setup.epochs * setup.train.size(), setup.max_steps)) {}

  Ending run() {
    do {
      EpochRecord record = step_ < steps_ ? pass() : EpochRecord{};
      if (InterruptWatch::interrupted()) return Ending::interrupted;
      record.test = evaluate(setup_.network, setup_.loss, setup_.test);
      report_.epoch(record);
      if (setup_.after_epoch) setup_.after_epoch();
      if (setup_.schedule != nullptr) setup_.schedule->step();
    } while (step_ < steps_);
    return Ending::complete;
  }

 private:
  EpochRecord pass() {
    setup_.network.train();
    const Epoch batches = setup_.train.epoch(epoch_++);
    Tally tally;
    const Stopwatch watch;
    for (std::int64_t i = 0; i < batches.size() && step_ < steps_ && !InterruptWatch::interrupted(); ++i) {
      const double loss = take_step(batches[i], tally);
      report_.step({++step_, epoch_, loss, steps_, tally.score(), rate(tally.images(), watch.seconds())});
    }
    const double seconds = watch.seconds();
    return {epoch_, tally.score(), {}, seconds, rate(tally.images(), seconds)};
  }

  double take_step(const Batch& batch, Tally& tally) {
    setup_.optimizer.zero_grad();
    const Tensor logits = setup_.network(batch.images);
    const Tensor loss = setup_.loss(logits, batch.labels);
    loss.backward();
    setup_.optimizer.step();
    return tally.add(loss, logits, batch.labels);
  }

  const TrainingSetup& setup_;
  TrainingReport& report_;
  const std::int64_t steps_;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
};

}  // namespace

Ending train(const TrainingSetup& setup, TrainingReport& report) { return Loop(setup, report).run(); }

Score evaluate(nn::Module& network, const nn::Loss& loss, const Batches& batches) {
  const NoGrad no_grad;
  network.eval();
  Tally tally;
  const Epoch epoch = batches.epoch(0);
  for (const Batch& batch : epoch) {
    const Tensor logits = network(batch.images);
    tally.add(loss(logits, batch.labels), logits, batch.labels);
  }
  return tally.score();
}

}  // namespace tenon::tool
