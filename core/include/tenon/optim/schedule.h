// Learning rates that change over time, in closed form: after t calls of step() the optimizer has
// learning_rate(t).
#pragma once

#include <tenon/export.h>
#include <tenon/optim/optimizer.h>

#include <cstdint>

namespace tenon::optim {

/// Sets an optimizer's learning rate, usually once an epoch. The optimizer must outlive it; its learning rate
/// at construction is the base.
class TENON_API Schedule {
 public:
  virtual ~Schedule() = default;
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  /// Goes on to the next learning rate.
  void step() { set_steps(steps_ + 1); }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  /// Goes to any step, to continue a run. Throws IndexError if negative.
  void set_steps(std::int64_t steps);
  [[nodiscard]] double base_learning_rate() const { return base_; }
  /// The learning rate after t steps.
  [[nodiscard]] virtual double learning_rate(std::int64_t t) const = 0;

 protected:
  explicit Schedule(Optimizer& optimizer) : optimizer_(optimizer), base_(optimizer.learning_rate()) {}

 private:
  Optimizer& optimizer_;
  double base_;
  std::int64_t steps_ = 0;
};

/// base gamma^floor(t / step_size).
class TENON_API StepLR : public Schedule {
 public:
  /// Throws IndexError unless step_size > 0 and gamma >= 0.
  StepLR(Optimizer& optimizer, std::int64_t step_size, double gamma = 0.1);
  [[nodiscard]] double learning_rate(std::int64_t t) const override;

 private:
  std::int64_t step_size_;
  double gamma_;
};

/// eta_min + (base - eta_min) (1 + cos(pi t / t_max)) / 2: Loshchilov & Hutter 2017, eq. 5, without restarts;
/// beyond t_max it rises again, as PyTorch's CosineAnnealingLR does.
class TENON_API CosineLR : public Schedule {
 public:
  /// Throws IndexError unless t_max > 0 and eta_min >= 0.
  CosineLR(Optimizer& optimizer, std::int64_t t_max, double eta_min = 0);
  [[nodiscard]] double learning_rate(std::int64_t t) const override;

 private:
  std::int64_t t_max_;
  double eta_min_;
};

}  // namespace tenon::optim
