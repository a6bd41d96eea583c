// What training tells: lines for people or JSON objects, and a live line on a terminal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "training.h"

namespace tenon::tool {

class TrainingReport {
 public:
  virtual ~TrainingReport() = default;
  virtual void step(const StepRecord& record) = 0;
  virtual void epoch(const EpochRecord& record) = 0;
  /// Something worth saying beside the records.
  virtual void note(const std::string& text) = 0;
};

struct ReportOptions {
  bool json = false;
  std::int64_t log_every = 0;  ///< report each such step; 0 for none
  std::int64_t epochs = 1;
  std::string backend;
};

std::unique_ptr<TrainingReport> make_training_report(const ReportOptions& options);

}  // namespace tenon::tool
