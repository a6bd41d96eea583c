#include "training_report.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "console.h"
#include "progress_line.h"

namespace tenon::tool {
namespace {

using Json = nlohmann::ordered_json;

// Where the live line goes: standard output if people read it there, else standard error; never between lines
// of JSON on one screen.
std::FILE* progress_stream(bool json) {
  if (is_terminal(stdout)) return json ? nullptr : stdout;
  return is_terminal(stderr) ? stderr : nullptr;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

class Report : public TrainingReport {
 public:
  explicit Report(const ReportOptions& options)
      : options_(options), progress_(progress_stream(options.json)) {}

  void step(const StepRecord& record) override {
    if (!std::isfinite(record.loss) && !warned_) {
      warned_ = true;
      progress_.clear();
      print_error(
          fmt::format("the loss is {} at step {}; a smaller --lr may help", record.loss, record.step));
    }
    if (options_.log_every > 0 && record.step % options_.log_every == 0) {
      progress_.clear();
      print_line(step_text(record));
    }
    if (progress_.is_due()) progress_.show(progress_text(record), fraction(record));
  }

  void epoch(const EpochRecord& record) override {
    progress_.clear();
    print_line(epoch_text(record));
  }

 protected:
  virtual std::string step_text(const StepRecord& record) = 0;
  virtual std::string epoch_text(const EpochRecord& record) = 0;
  void clear_progress() { progress_.clear(); }

  ReportOptions options_;

 private:
  static double fraction(const StepRecord& record) {
    return static_cast<double>(record.step) / static_cast<double>(record.steps);
  }

  [[nodiscard]] std::string progress_text(const StepRecord& record) const {
    const double left = progress_.seconds() * (1 / fraction(record) - 1);
    return fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.4f}  {:.0f} images/s  ETA {}", record.epoch,
                       options_.epochs, record.so_far.loss, record.so_far.accuracy, record.images_per_second,
                       clock_text(left));
  }

  ProgressLine progress_;
  bool warned_ = false;
};

class TextReport : public Report {
 public:
  using Report::Report;
  void note(const std::string& text) override {
    clear_progress();
    print_line(text);
  }

 protected:
  std::string step_text(const StepRecord& record) override {
    return fmt::format("step {}  loss {:.6f}", record.step, record.loss);
  }
  std::string epoch_text(const EpochRecord& record) override {
    std::string test =
        fmt::format("test loss {:.4f} accuracy {:.4f}", record.test.loss, record.test.accuracy);
    if (!record.train) return test;
    return fmt::format("epoch {}/{}  train loss {:.4f} accuracy {:.4f}  {}  {:.2f} s  {:.0f} images/s",
                       record.epoch, options_.epochs, record.train->loss, record.train->accuracy, test,
                       record.seconds, record.images_per_second);
  }
};

class JsonReport : public Report {
 public:
  using Report::Report;
  void note(const std::string&) override {}

 protected:
  std::string step_text(const StepRecord& record) override {
    return Json{{"step", record.step}, {"loss", record.loss}}.dump();
  }
  std::string epoch_text(const EpochRecord& record) override {
    const Json none;
    return Json{{"epoch", record.epoch},
                {"train_loss", record.train ? Json(record.train->loss) : none},
                {"train_accuracy", record.train ? Json(record.train->accuracy) : none},
                {"test_loss", record.test.loss},
                {"test_accuracy", record.test.accuracy},
                {"seconds", record.seconds},
                {"images_per_second", record.images_per_second},
                {"backend", options_.backend}}
        .dump();
  }
};

}  // namespace

std::unique_ptr<TrainingReport> make_training_report(const ReportOptions& options) {
  if (options.json) return std::make_unique<JsonReport>(options);
  return std::make_unique<TextReport>(options);
}

}  // namespace tenon::tool
