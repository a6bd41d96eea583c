// Random tensors. Every draw is a function of (seed, offset, element index) alone: Philox4x32-10, laid down
// in tenon/plugin/abi.h, so that each backend, layout and thread count gives the same bits.
#pragma once

#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <mutex>

namespace tenon {

/// A position in the random stream of a seed. Each draw advances the offset by the blocks of four words that
/// it used. Thread-safe.
class TENON_API Generator {
 public:
  explicit Generator(std::uint64_t seed = 0) : seed_(seed) {}

  void seed(std::uint64_t seed);
  [[nodiscard]] std::uint64_t seed() const;
  [[nodiscard]] std::uint64_t offset() const;
  void set_offset(std::uint64_t offset);
  struct Position {
    std::uint64_t seed;
    std::uint64_t offset;
  };
  /// Where the draw begins; takes `blocks` from the stream.
  Position advance(std::uint64_t blocks);

 private:
  mutable std::mutex mutex_;
  std::uint64_t seed_;
  std::uint64_t offset_ = 0;
};

/// The generator that is used where none is named; its seed is 0 at the start.
TENON_API Generator& default_generator();
/// default_generator().seed(seed), offset 0.
TENON_API void manual_seed(std::uint64_t seed);

/// Uniform on [low, high). float32, float64 (bfloat16 is drawn as float32 and rounded). Throws DTypeError.
TENON_API Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = DType::float32,
                         Generator& generator = default_generator());
/// Normal with the given mean and standard deviation; Box-Muller. Throws IndexError if deviation < 0.
TENON_API Tensor normal(const Shape& shape, double mean = 0, double deviation = 1,
                        DType dtype = DType::float32, Generator& generator = default_generator());
/// int64 words in [0, 2^32).
TENON_API Tensor random_bits(const Shape& shape, Generator& generator = default_generator());
/// bool, true with probability p. Throws IndexError unless 0 <= p <= 1.
TENON_API Tensor bernoulli(const Shape& shape, double p, Generator& generator = default_generator());

}  // namespace tenon
