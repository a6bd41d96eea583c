// Plans by concrete call: the least recently used go when there are too many.
#pragma once

#include "onednn/call_key.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::onednn {

/// Shared by all threads; every function may be called from any.
template <typename Plan>
class PlanCache {
 public:
  explicit PlanCache(std::size_t capacity) : capacity_(capacity) {}

  /// The plan of `key`; make() gives it where there is none. Two threads that ask at once may both make it.
  template <typename Make>
  std::shared_ptr<const Plan> find(const CallKey& key, Make&& make) {
    if (std::shared_ptr<const Plan> known = look_up(key)) return known;
    std::shared_ptr<const Plan> plan = make();
    const std::lock_guard lock(mutex_);
    const auto [range, end] = by_hash_.equal_range(key.hash());
    for (auto found = range; found != end; ++found) {
      if (same(found->second->words, key.words())) return found->second->plan;
    }
    if (entries_.size() >= capacity_) forget_oldest();
    entries_.push_front({key.hash(), {key.words().begin(), key.words().end()}, plan});
    by_hash_.emplace(key.hash(), entries_.begin());
    return plan;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    std::uint64_t hash;
    std::vector<std::int64_t> words;
    std::shared_ptr<const Plan> plan;
  };

  static bool same(const std::vector<std::int64_t>& a, std::span<const std::int64_t> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

  std::shared_ptr<const Plan> look_up(const CallKey& key) {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = by_hash_.equal_range(key.hash());
    for (auto found = begin; found != end; ++found) {
      if (!same(found->second->words, key.words())) continue;
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().plan;
    }
    return nullptr;
  }

  void forget_oldest() {
    const auto oldest = std::prev(entries_.end());
    const auto [begin, end] = by_hash_.equal_range(oldest->hash);
    for (auto found = begin; found != end; ++found) {
      if (found->second != oldest) continue;
      by_hash_.erase(found);
      break;
    }
    entries_.pop_back();
  }

  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_multimap<std::uint64_t, typename std::list<Entry>::iterator> by_hash_;
};

/// A thread's own small table before the shared cache: a hit takes no lock. Holds `Use`, what a thread makes
/// of a plan to execute it (`Use(std::shared_ptr<const Plan>)`). One thread only.
template <typename Plan, typename Use>
class PlanFront {
 public:
  static constexpr std::size_t kSlots = 128;

  /// Valid until the next call on this thread.
  template <typename Make>
  Use& find(PlanCache<Plan>& cache, const CallKey& key, Make&& make) {
    if (slots_.empty()) slots_.resize(kSlots);
    Slot& slot = slots_[key.hash() % kSlots];
    const auto words = key.words();
    if (slot.use != nullptr && slot.hash == key.hash() &&
        std::equal(slot.words.begin(), slot.words.end(), words.begin(), words.end())) {
      return *slot.use;
    }
    auto use = std::make_unique<Use>(cache.find(key, std::forward<Make>(make)));
    slot = {key.hash(), {words.begin(), words.end()}, std::move(use)};
    return *slot.use;
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::vector<std::int64_t> words;
    std::unique_ptr<Use> use;
  };

  std::vector<Slot> slots_;
};

}  // namespace tenon::onednn
