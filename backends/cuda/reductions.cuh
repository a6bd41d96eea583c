// The members of REDUCE. Each has an accumulator that starts as identity(), takes elements with their index
// among the reduced ones, combines with others in any order, and ends as an element of out.
#pragma once

#include "cuda/combine.cuh"
#include "cuda/elements.cuh"

#include <tenon/plugin/abi.h>

#include <cstdint>
#include <limits>

namespace tenon::cuda {

/// What SUM and PROD add up in: float32 at least, or int64, which is then their result, too.
template <typename T>
using Total = std::conditional_t<kFloating<T>, Compute<T>, std::int64_t>;
template <typename T>
using TotalOut = std::conditional_t<kFloating<T>, T, std::int64_t>;

/// SUM and MEAN.
template <typename T>
struct SumOf {
  using Accumulator = Total<T>;
  using Out = TotalOut<T>;
  bool mean;

  [[nodiscard]] __device__ Accumulator identity() const { return 0; }
  [[nodiscard]] __device__ Accumulator take(Accumulator sum, T x, std::int64_t) const {
    return add(sum, static_cast<Accumulator>(widen(x)));
  }
  [[nodiscard]] __device__ Accumulator operator()(Accumulator a, Accumulator b) const { return add(a, b); }
  [[nodiscard]] __device__ Out finish(Accumulator sum, std::int64_t count) const {
    if constexpr (kFloating<T>) {
      return narrow<T>(mean ? sum / static_cast<Accumulator>(count) : sum);
    } else {
      return sum;
    }
  }
};

template <typename T>
struct ProductOf {
  using Accumulator = Total<T>;
  using Out = TotalOut<T>;

  [[nodiscard]] __device__ Accumulator identity() const { return 1; }
  [[nodiscard]] __device__ Accumulator take(Accumulator product, T x, std::int64_t) const {
    return multiply(product, static_cast<Accumulator>(widen(x)));
  }
  [[nodiscard]] __device__ Accumulator operator()(Accumulator a, Accumulator b) const { return multiply(a, b); }
  [[nodiscard]] __device__ Out finish(Accumulator product, std::int64_t) const {
    if constexpr (kFloating<T>) {
      return narrow<T>(product);
    } else {
      return product;
    }
  }
};

/// MAX and MIN.
template <typename T>
struct ExtremumOf {
  using Accumulator = Compute<T>;
  using Out = T;
  bool largest;

  [[nodiscard]] __device__ Accumulator identity() const {
    using Limits = std::numeric_limits<Accumulator>;
    if constexpr (kFloating<T>) {
      return largest ? -Limits::infinity() : Limits::infinity();
    } else {
      return largest ? Limits::lowest() : Limits::max();
    }
  }
  [[nodiscard]] __device__ Accumulator take(Accumulator best, T x, std::int64_t) const {
    return (*this)(best, widen(x));
  }
  [[nodiscard]] __device__ Accumulator operator()(Accumulator a, Accumulator b) const {
    return largest ? maximum(a, b) : minimum(a, b);
  }
  [[nodiscard]] __device__ Out finish(Accumulator best, std::int64_t) const { return narrow<T>(best); }
};

/// ANY and ALL.
template <typename T>
struct TruthOf {
  using Accumulator = bool;
  using Out = bool;
  bool all;

  [[nodiscard]] __device__ bool identity() const { return all; }
  [[nodiscard]] __device__ bool take(bool truth, T x, std::int64_t) const { return (*this)(truth, cast<bool>(x)); }
  [[nodiscard]] __device__ bool operator()(bool a, bool b) const { return all ? a && b : a || b; }
  [[nodiscard]] __device__ Out finish(bool truth, std::int64_t) const { return truth; }
};

template <typename C>
struct Candidate {
  C value;
  std::int64_t index;  // negative: none
};

template <typename C>
__device__ Candidate<C> shuffle_xor(Candidate<C> candidate, int lanes) {
  return {shuffle_xor(candidate.value, lanes), shuffle_xor(candidate.index, lanes)};
}

/// ARGMAX and ARGMIN: the first of the best, or the first NaN.
template <typename T>
struct PlaceOf {
  using Accumulator = Candidate<Compute<T>>;
  using Out = std::int64_t;
  bool largest;

  [[nodiscard]] __device__ Accumulator identity() const { return {Compute<T>{}, -1}; }
  [[nodiscard]] __device__ Accumulator take(Accumulator best, T x, std::int64_t index) const {
    return (*this)(best, {widen(x), index});
  }
  [[nodiscard]] __device__ Accumulator operator()(const Accumulator& a, const Accumulator& b) const {
    if (a.index < 0 || b.index < 0) return a.index < 0 ? b : a;
    const bool tie = a.value == b.value || (is_nan(a.value) && is_nan(b.value));
    if (tie) return a.index < b.index ? a : b;
    if (is_nan(a.value) || is_nan(b.value)) return is_nan(a.value) ? a : b;
    return (a.value > b.value) == largest ? a : b;
  }
  [[nodiscard]] __device__ Out finish(const Accumulator& best, std::int64_t) const { return best.index; }
};

}  // namespace tenon::cuda
