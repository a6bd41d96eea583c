// abi.h alone, first, as C++20; the layout of 1.0; and that C, C++ and the frozen header agree on it.
#include <tenon/plugin/abi.h>

#include "frozen/layout_1_0.h"

#include <gtest/gtest.h>

extern "C" std::uint32_t tenon_test_fingerprint_in_c();
extern "C" std::uint32_t tenon_test_fingerprint_of_frozen_1_0();

namespace {

TEST(Abi, FingerprintIsTheSameInCAndInCpp) { EXPECT_EQ(tenon_test_fingerprint_in_c(), TENON_FINGERPRINT); }

TEST(Abi, FingerprintIsStillThatOf10) {
  EXPECT_EQ(tenon_test_fingerprint_of_frozen_1_0(), TENON_FINGERPRINT);
}

}  // namespace
