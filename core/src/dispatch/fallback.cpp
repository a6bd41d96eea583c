#include "fallback.h"

#include <tenon/backend.h>
#include <tenon/error.h>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "log.h"

namespace tenon {
namespace {

Fallback initial_policy() {
  const char* text = std::getenv("TENON_FALLBACK");
  const std::string_view word = text == nullptr ? "" : text;
  if (word.empty() || word == "warn") return Fallback::warn;
  if (word == "allow") return Fallback::allow;
  if (word == "error") return Fallback::error;
  throw BackendError(fmt::format("TENON_FALLBACK={} is none of allow, warn, error", word));
}

std::atomic<Fallback>& policy() {
  static std::atomic<Fallback> value{initial_policy()};
  return value;
}

}  // namespace

Fallback fallback_policy() { return policy().load(std::memory_order_relaxed); }
void set_fallback_policy(Fallback value) { policy().store(value, std::memory_order_relaxed); }

namespace dispatch {
namespace {

std::atomic<bool>& said(Op op, Departure kind) {
  static std::array<std::array<std::atomic<bool>, 2>, kOpCount> said{};
  return said[static_cast<std::size_t>(op)][static_cast<std::size_t>(kind)];
}

}  // namespace

bool departure_matters(Op op, Departure kind) {
  const Fallback now = fallback_policy();
  return now == Fallback::error || (now == Fallback::warn && !said(op, kind).load(std::memory_order_relaxed));
}

void depart(Op op, Departure kind, const std::string& what, const char* fix) {
  if (fallback_policy() == Fallback::error) {
    throw BackendError(fmt::format("{}; {}, or set TENON_FALLBACK=allow", what, fix));
  }
  if (fallback_policy() == Fallback::warn && !said(op, kind).exchange(true, std::memory_order_relaxed)) {
    log(kWarning,
        fmt::format("{} (said once for this op; TENON_FALLBACK=allow silences, =error forbids)", what));
  }
}

}  // namespace dispatch
}  // namespace tenon
