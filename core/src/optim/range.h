// What optimizers and schedules ask of the numbers that they are made with.
#pragma once

#include <tenon/error.h>

#include <fmt/format.h>

#include <cmath>
#include <string_view>

namespace tenon::optim {

/// Throws IndexError unless `value` is finite and at least 0.
inline void check_not_negative(std::string_view name, double value) {
  if (!(std::isfinite(value) && value >= 0)) {
    throw IndexError(fmt::format("[optim] {} {} must be finite and not negative", name, value));
  }
}

}  // namespace tenon::optim
