#include <tenon/optim/schedule.h>

#include <cmath>
#include <numbers>

#include "range.h"

namespace tenon::optim {
namespace {

std::int64_t checked_period(std::string_view name, std::int64_t period) {
  if (period <= 0) throw IndexError(fmt::format("[optim] {} {} must be positive", name, period));
  return period;
}

double checked_number(std::string_view name, double value) {
  check_not_negative(name, value);
  return value;
}

}  // namespace

void Schedule::set_steps(std::int64_t steps) {
  if (steps < 0) throw IndexError(fmt::format("[optim] {} steps are negative", steps));
  optimizer_.set_learning_rate(learning_rate(steps));
  steps_ = steps;
}

StepLR::StepLR(Optimizer& optimizer, std::int64_t step_size, double gamma)
    : Schedule(optimizer),
      step_size_(checked_period("step_size", step_size)),
      gamma_(checked_number("gamma", gamma)) {}

double StepLR::learning_rate(std::int64_t t) const {
  const std::int64_t drops = t / step_size_;
  return base_learning_rate() * std::pow(gamma_, static_cast<double>(drops));
}

CosineLR::CosineLR(Optimizer& optimizer, std::int64_t t_max, double eta_min)
    : Schedule(optimizer),
      t_max_(checked_period("t_max", t_max)),
      eta_min_(checked_number("eta_min", eta_min)) {}

double CosineLR::learning_rate(std::int64_t t) const {
  const double phase = std::numbers::pi * static_cast<double>(t) / static_cast<double>(t_max_);
  return eta_min_ + (base_learning_rate() - eta_min_) * (1 + std::cos(phase)) / 2;
}

}  // namespace tenon::optim
