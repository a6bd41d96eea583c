// A plan that is one primitive or none, for families that need no more.
#pragma once

#include "onednn/plan_cache.h"
#include "onednn/primitive.h"

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

}  // namespace tenon::onednn
