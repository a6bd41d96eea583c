// A plan that is one primitive or none, for families that need no more.
#pragma once

#include "onednn/plan_cache.h"
#include "onednn/primitive.h"
#include "onednn/thread_owned.h"

#include <memory>
#include <optional>
#include <utility>

namespace tenon::onednn {

/// Plans of each kind that are kept.
inline constexpr std::size_t kCachedPlans = 1024;

/// A primitive, or the knowledge that oneDNN has no fast one.
using PrimitivePlan = std::optional<Primitive>;

/// A thread's use of a PrimitivePlan.
struct PrimitiveUse {
  explicit PrimitiveUse(std::shared_ptr<const PrimitivePlan> made) : plan(std::move(made)) {
    if (*plan) execution.emplace(**plan);
  }
  std::shared_ptr<const PrimitivePlan> plan;
  std::optional<Execution> execution;
};

/// The calling thread's use of the plan of `key`; where there is none, make() plans for `threads` threads. Each Family
/// has a cache of its own, and a type Plan and a type Use.
template <typename Family, typename Make>
typename Family::Use& find_use(const CallKey& key, int threads, Make&& make) {
  using Front = PlanFront<typename Family::Plan, typename Family::Use>;
  // Never destroyed: threads may outlive static objects.
  static auto* const cache = new PlanCache<typename Family::Plan>(kCachedPlans);
  return thread_owned<Family, Front>([] { return Front(); }).find(*cache, key, [&] {
    const OpenMpThreads scope(threads);  // oneDNN plans for as many as there are now
    return make();
  });
}

}  // namespace tenon::onednn
