// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11), as in Random123.
#include "cpu/tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/philox_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {

/// One block; a loop over independent blocks becomes vector code.
HWY_INLINE void philox_block(std::uint32_t k0, std::uint32_t k1, std::uint32_t (&c)[4]) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    const auto c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0;
    const auto c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1;
    c[0] = c0;
    c[1] = static_cast<std::uint32_t>(p1);
    c[2] = c2;
    c[3] = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
}

void philox(std::uint64_t seed, std::uint64_t offset, std::uint64_t first, std::size_t blocks,
            std::uint32_t* words) {
  const auto k0 = static_cast<std::uint32_t>(seed);
  const auto k1 = static_cast<std::uint32_t>(seed >> 32);
#pragma omp simd
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::uint64_t n = first + i;
    const std::uint64_t low = offset + n;
    const std::uint32_t carry = low < offset ? 1 : 0;  // the sum has 128 bits
    std::uint32_t c[4] = {static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32), carry, 0};
    philox_block(k0, k1, c);
    for (std::size_t w = 0; w < 4; ++w) words[4 * i + w] = c[w];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(philox);

void philox_blocks(std::uint64_t seed, std::uint64_t offset, std::uint64_t first, std::size_t blocks,
                   std::uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(philox)(seed, offset, first, blocks, words);
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
