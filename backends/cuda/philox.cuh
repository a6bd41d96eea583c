// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, section 3.3),
// and the elements that abi.h derives from its blocks at TENON_OP_INIT.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace tenon::cuda {

struct PhiloxBlock {
  std::uint32_t word[4];
};

/// The blocks of one draw.
struct Philox {
  std::uint64_t seed;
  std::uint64_t offset;

  /// Ten rounds of multiply, xor and permute on the counter offset + n; the key grows by the Weyl constants.
  [[nodiscard]] __device__ PhiloxBlock block(std::uint64_t n) const {
    const std::uint64_t low = offset + n;
    std::uint32_t c[4] = {static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                          low < n ? 1U : 0U, 0U};
    auto k0 = static_cast<std::uint32_t>(seed);
    auto k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint32_t high0 = __umulhi(0xD2511F53U, c[0]);
      const std::uint32_t high1 = __umulhi(0xCD9E8D57U, c[2]);
      const std::uint32_t low0 = 0xD2511F53U * c[0];
      const std::uint32_t low1 = 0xCD9E8D57U * c[2];
      c[0] = high1 ^ c[1] ^ k0;
      c[1] = low1;
      c[2] = high0 ^ c[3] ^ k1;
      c[3] = low0;
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    return {{c[0], c[1], c[2], c[3]}};
  }
};

/// Half a block as 64 bits, the first word above.
__device__ inline std::uint64_t bits_of(const PhiloxBlock& block, int half) {
  return std::uint64_t{block.word[2 * half]} << 32 | block.word[2 * half + 1];
}

// A generator makes kElements neighbouring elements of one block.

struct RandomBits {
  static constexpr int kElements = 4;
  __device__ void operator()(const PhiloxBlock& block, std::int64_t (&out)[kElements]) const {
    for (int i = 0; i < kElements; ++i) out[i] = block.word[i];
  }
};

template <typename T>
struct Uniform {
  static constexpr int kElements = sizeof(T) == 4 ? 4 : 2;
  double low;
  double high;
  T below_high;  ///< takes the place of what rounding lifts to `high`

  __device__ void operator()(const PhiloxBlock& block, T (&out)[kElements]) const {
    for (int i = 0; i < kElements; ++i) {
      const double u = sizeof(T) == 4 ? (block.word[i] >> 8) * 0x1p-24
                                      : static_cast<double>(bits_of(block, i % 2) >> 11) * 0x1p-53;
      const double t = (high - low) * u;
      const T value = static_cast<T>(low + t);
      out[i] = value >= high && high > low ? below_high : value;
    }
  }
};

/// Box and Muller, 1958: two uniforms make two normals. u1 is in (0, 1], so that the logarithm is finite.
template <typename T>
struct Normal {
  static constexpr int kElements = sizeof(T) == 4 ? 4 : 2;
  double mean;
  double deviation;

  __device__ void operator()(const PhiloxBlock& block, T (&out)[kElements]) const {
    constexpr double kTwoPi = 6.283185307179586476925286766559;
    for (int pair = 0; pair < kElements / 2; ++pair) {
      double u1 = 0;
      double u2 = 0;
      if constexpr (sizeof(T) == 4) {
        u1 = (block.word[2 * pair] + 1.0) * 0x1p-32;
        u2 = block.word[2 * pair + 1] * 0x1p-32;
      } else {
        u1 = static_cast<double>((bits_of(block, 0) >> 11) + 1) * 0x1p-53;
        u2 = static_cast<double>(bits_of(block, 1) >> 11) * 0x1p-53;
      }
      const double r = sqrt(-2 * log(u1));
      const double angle = kTwoPi * u2;
      out[2 * pair] = static_cast<T>(mean + deviation * (r * cos(angle)));
      out[2 * pair + 1] = static_cast<T>(mean + deviation * (r * sin(angle)));
    }
  }
};

}  // namespace tenon::cuda
