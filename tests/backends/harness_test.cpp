// Tests of the tests: each deliberate fault must be noticed, and by the section that is there for it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

#include "sections.h"

namespace tenon::conformance {
namespace {

struct Fault {
  const char* name;
  const char* section;  // that must notice
  const char* says;     // in one of its messages
};

constexpr Fault kFaults[] = {
    {"four_ulps", "unary_dense", "4 ULP apart, bound 3"},
    {"last_bit", "binary_lanes", "wrong, first at"},
    {"unrepeatable", "unary_dense", "a second run gives other bytes"},
    {"leaves_last", "unary_lanes", "want"},
    {"all_zeros", "matmul_quality", "want"},
    {"all_zeros", "copy_layouts", "want"},
    {"writes_before", "copy_layouts", "wrote before its elements"},
    {"writes_after", "copy_layouts", "wrote after its elements"},
    {"writes_between", "copy_casts", "wrote between its elements"},
    {"changes_input", "reduce_axes", "changed an input"},
    {"wrong_block_size", "reduce_signed_zeros", "32 bytes for a block of 64"},
    {"rounding_mode_left", "init_eye", "rounding mode"},
#if defined(__x86_64__)
    {"exceptions_left", "init_eye", "control word"},
#endif
    {"flush_left_on", "init_eye", "control word"},
    {"flushes", "unary_lanes", "want"},
    {"flushes", "matmul_denormals", "want"},
    {"lost_sign_of_zero", "unary_lanes", "want -0"},
    {"lost_sign_of_zero", "reduce_signed_zeros", "want -0"},
    {"lost_nan", "reduce_lanes", "want nan"},
    {"lost_nan", "binary_special_pairs", "want nan"},
    {"zero_skipping", "matmul_specials", "want"},
    {"cut_inputs", "matmul_wide_integers", "want"},
    {"cut_inputs", "matmul_full_significands", "want"},
    {"two_percent", "matmul_quality", "want"},
    {"two_percent", "matmul_whole_numbers", "want"},
    {"zero_skipping", "einsum_specials", "want"},
    {"cut_inputs", "einsum_wide_integers", "want"},
    {"cut_inputs", "einsum_quality", "want"},
    {"drops_last_term", "einsum_equations", "want"},
    {"drops_last_term", "einsum_random_calls", "want"},
    {"drops_last_term", "einsum_many_modes", "want"},
    {"drops_last_term", "einsum_whole_numbers", "want"},
    {"ignores_repeats", "einsum_equations", "einsum ii,i->i,"},
    {"ignores_repeats", "einsum_random_calls", "want"},
    {"ignores_repeats", "einsum_diagonals", "want"},
    {"all_zeros", "einsum_scaled", "want"},
    {"flushes", "einsum_denormals", "want"},
    {"last_of_ties", "reduce_lanes", "reduce argmax"},
    {"wide_true", "binary_special_pairs", "got 255"},
    {"short_offset", "random_bits", "want"},
    {"denies", "init_eye", "supports() says 0"},
    {"needs_pointers", "init_eye", "without data pointers"},
    {"refuses", "init_eye", "run() returns 1"},
    {"touches_unsupported", "behaviour_unknown_calls", "touched the output"},
    {"touches_invalid", "index_out_of_range", "touched the output of an invalid call"},
    {"silent_invalid", "index_out_of_range", "without a message"},
};

const PluginUnderTest& wrong_plugin() {
  static const std::unique_ptr<PluginUnderTest> plugin = [] {
    setenv("TENON_WRONG_BACKEND_INNER", TENON_WRONG_BACKEND_INNER, 1);
    return std::make_unique<PluginUnderTest>(TENON_WRONG_BACKEND, Coverage::complete);
  }();
  return *plugin;
}

Section section_called(const char* name) {
  for (const Section& section : all_sections()) {
    if (std::strcmp(section.name, name) == 0) return section;
  }
  throw std::invalid_argument(std::string("no section is called ") + name);
}

Grader graded(const char* fault, const Section& section) {
  setenv("TENON_WRONG_BACKEND_FAULT", fault, 1);
  Grader grader(wrong_plugin());
  section.run(grader);
  return grader;
}

/// For GoogleTest's own messages.
void PrintTo(const Fault& fault, std::ostream* stream) { *stream << fault.name; }

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, IsNoticed) {
  const Section section = section_called(GetParam().section);
  const Grader faulty = graded(GetParam().name, section);
  EXPECT_FALSE(faulty.passed(section.zeros_expected)) << section.name << " did not notice";
  const std::string report = faulty.report(section.zeros_expected);
  EXPECT_NE(report.find(GetParam().says), std::string::npos) << report;

  const Grader sound = graded("", section);
  EXPECT_TRUE(sound.passed(section.zeros_expected)) << sound.report(section.zeros_expected);
}

INSTANTIATE_TEST_SUITE_P(Harness, Faults, testing::ValuesIn(kFaults), [](const auto& info) {
  return std::string(info.param.name) + "_in_" + info.param.section;
});

TEST(HarnessDeathTest, ReadingBehindAPageIsNoticed) {
  EXPECT_DEATH(graded("reads_behind", section_called("page_end_transposes")), "");
  const Grader sound = graded("", section_called("page_end_transposes"));
  EXPECT_TRUE(sound.passed(false)) << sound.report(false);
}

TEST(Verdict, OverNothingFails) {
  const Grader grader(wrong_plugin());
  EXPECT_FALSE(grader.passed(false));
  EXPECT_FALSE(grader.passed(true));
}

TEST(Verdict, OverZerosFailsWhereTheyAreNotExpected) {
  setenv("TENON_WRONG_BACKEND_FAULT", "", 1);
  Grader grader(wrong_plugin());
  Operand input(DType::float32, {8}, Role::input);
  input.fill({0, 0, 1});
  Operand output(DType::float32, {8}, Role::output);
  std::vector<Expected> expected;
  for (std::int64_t i = 0; i < input.size(); ++i) expected.push_back({input.at(i)});
  grader.grade({TENON_OP_COPY, "copy", {&input}, &output}, expected);
  EXPECT_EQ(grader.failures(), 0);
  EXPECT_FALSE(grader.passed(false));
  EXPECT_TRUE(grader.passed(true));
}

TEST(Verdict, AFailureStays) {
  Grader grader(wrong_plugin());
  grader.verdict(5, "wrong");
  Grader sum(wrong_plugin());
  sum.verdict(5, "");
  EXPECT_TRUE(sum.passed(true));
  sum.absorb(grader);
  EXPECT_FALSE(sum.passed(true));
}

TEST(Judge, CountsUlps) {
  const Expected three{1, Measure::ulps, 3};
  EXPECT_TRUE(accepts(DType::float32, 1 + 3 * 0x1p-23L, three));
  EXPECT_FALSE(accepts(DType::float32, 1 + 4 * 0x1p-23L, three));
  EXPECT_TRUE(accepts(DType::float32, 1 - 3 * 0x1p-24L, three));
  EXPECT_FALSE(accepts(DType::float32, 1 - 4 * 0x1p-24L, three));
  EXPECT_EQ(ulp_distance(DType::float64, 0x1p-1074L, -0x1p-1074L), 2);
  EXPECT_EQ(ulp_distance(DType::bfloat16, 1, 1 + 0x1p-7L), 1);
  EXPECT_EQ(ulp_distance(DType::float32, 0x1.FFFFFEp127L, kInfinity), 1);
  EXPECT_EQ(ulp_distance(DType::float32, kNaN, 1), kInfinity);
}

TEST(Judge, SeesBits) {
  EXPECT_TRUE(accepts(DType::float32, -0.0L, {-0.0L}));
  EXPECT_FALSE(accepts(DType::float32, 0.0L, {-0.0L}));
  EXPECT_TRUE(accepts(DType::float32, kNaN, {kNaN}));
  EXPECT_FALSE(accepts(DType::float32, kNaN, {0}));
  EXPECT_FALSE(accepts(DType::boolean, 255, {1}));
  EXPECT_TRUE(accepts(DType::int64, INT64_MAX, {INT64_MAX}));
  EXPECT_FALSE(accepts(DType::int64, INT64_MAX - 1, {INT64_MAX}));
}

TEST(Judge, MeasuresDistances) {
  const Expected near{1, Measure::distance, 0x1p-20L};
  EXPECT_TRUE(accepts(DType::float32, 1 + 0x1p-20L, near));
  EXPECT_FALSE(accepts(DType::float32, 1 + 0x1p-20L + 0x1p-23L, near));
  EXPECT_FALSE(accepts(DType::float32, kNaN, near));
  EXPECT_FALSE(accepts(DType::float32, kInfinity, near));
  EXPECT_TRUE(accepts(DType::float32, kInfinity, {kInfinity, Measure::distance, kInfinity}));
  EXPECT_FALSE(accepts(DType::float32, -kInfinity, {kInfinity, Measure::distance, kInfinity}));
  EXPECT_EQ(gamma_bound(1, 0x1p-24L), 0x1p-24L / (1 - 0x1p-24L));
}

TEST(Judge, RoundsToNearestEven) {
  EXPECT_EQ(round_to(DType::bfloat16, 1 + 0x1p-8L), 1);
  EXPECT_EQ(round_to(DType::bfloat16, 1 + 3 * 0x1p-8L), 1 + 0x1p-6L);
  EXPECT_EQ(round_to(DType::bfloat16, 0x1p-134L), 0);
  EXPECT_EQ(round_to(DType::bfloat16, 0x1.8p-133L), 0x1p-132L);
  EXPECT_EQ(round_to(DType::bfloat16, 0x1.FFp127L), kInfinity);
  EXPECT_EQ(round_to(DType::bfloat16, 0x1.FEp127L), 0x1.FEp127L);
  EXPECT_EQ(round_to(DType::float32, 1 + 0x1p-24L), 1);
  EXPECT_EQ(ulp_of(DType::float32, 1), 0x1p-23L);
  EXPECT_EQ(ulp_of(DType::bfloat16, 1.5L), 0x1p-7L);
  EXPECT_EQ(ulp_of(DType::float64, 0), 0x1p-1074L);
}

}  // namespace
}  // namespace tenon::conformance
