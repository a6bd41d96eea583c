// What makes two calls the same call to a cache: a row of numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tenon::onednn {

/// Built on the stack for every call, so nothing is initialised before it is used. Not thread-safe.
class CallKey {
 public:
  static constexpr std::size_t kMaxWords = 192;

  CallKey() = default;

  void add(std::int64_t word) {
    words_[size_++] = word;
    // Multiply, and fold at the end: Fibonacci hashing (Knuth, TAOCP 3, 6.4), one word at a time.
    hash_ = (hash_ ^ static_cast<std::uint64_t>(word)) * 0x9E3779B97F4A7C15u;
  }
  void add(std::span<const std::int64_t> words) {
    for (const std::int64_t word : words) add(word);
  }

  [[nodiscard]] std::uint64_t hash() const { return hash_ ^ hash_ >> 32; }
  [[nodiscard]] std::span<const std::int64_t> words() const { return {words_, size_}; }

 private:
  std::size_t size_ = 0;
  std::uint64_t hash_ = 0;
  std::int64_t words_[kMaxWords];
};

}  // namespace tenon::onednn
