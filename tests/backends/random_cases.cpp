// INIT by chance: bits and uniforms bit for bit against Philox4x32-10, normals within 4 ULP and as a
// distribution.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>

#include "device_operands.h"
#include "philox_reference.h"
#include "sections.h"

namespace tenon::conformance {
namespace {

constexpr std::uint64_t kAllOnes = ~std::uint64_t{0};

struct Stream {
  std::uint64_t seed, offset;
};

/// Key and counter words of zeros and ones, and offsets from which the counter carries into its second, third
/// and fourth 32-bit word.
constexpr Stream kStreams[] = {
    {0, 0},           {kAllOnes, kAllOnes},         {0x299f31d0a4093822u, 0x85a308d3243f6a88u},
    {1, 0xFFFFFFFEu}, {0x100000000u, kAllOnes - 3}, {42, 1}};

tenon_init_attributes attributes_of(std::uint32_t member, const Stream& stream, double first = 0,
                                    double second = 0) {
  return {sizeof(tenon_init_attributes), member, {{first, 0}, {second, 0}}, stream.seed, stream.offset};
}

/// Random123's known answers (kat_vectors, philox4x32-10), so that the reference itself is right.
void known_answers(Grader& grader) {
  struct Answer {
    Words counter;
    std::array<std::uint32_t, 2> key;
    Words words;
  };
  constexpr std::uint32_t ones = 0xFFFFFFFFu;
  const Answer answers[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{ones, ones, ones, ones}, {ones, ones}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Answer& answer : answers) {
    const bool right = philox(answer.counter, answer.key) == answer.words;
    grader.verdict(4, right ? "" : "the reference's Philox misses a known answer");
  }
  // The first is reachable by a call frame.
  Operand output(DType::int64, {4}, Role::output);
  const tenon_init_attributes attributes = attributes_of(TENON_INIT_RANDOM_BITS, {0, 0});
  std::vector<Expected> expected;
  for (const std::uint32_t word : answers[0].words) expected.push_back({static_cast<Real>(word)});
  grader.grade({TENON_OP_INIT, "init random_bits, known answer", {}, &output, &attributes}, expected);
}

void bits(Grader& grader) {
  for (const Stream& stream : kStreams) {
    const Draw draw(stream.seed, stream.offset);
    const tenon_init_attributes attributes = attributes_of(TENON_INIT_RANDOM_BITS, stream);
    const auto grade = [&](Operand& output) {
      std::vector<Expected> expected;
      for (std::int64_t i = 0; i < output.size(); ++i) {
        expected.push_back({static_cast<Real>(draw.word(static_cast<std::uint64_t>(i)))});
      }
      grader.grade({TENON_OP_INIT, "init random_bits", {}, &output, &attributes}, expected);
    };
    for (std::int64_t n = 0; n <= 67; ++n) {
      Operand output(DType::int64, {n}, Role::output, Layout::contiguous, static_cast<int>(n % 3));
      grade(output);
    }
    for (const Shape& shape : sweep_shapes()) {
      for (const Layout layout : kOutputLayouts) {
        Operand output(DType::int64, shape, Role::output, layout, 1);
        grade(output);
      }
    }
    Operand large(DType::int64, {100003}, Role::output);
    grade(large);
  }
}

/// Low and high, or mean and standard deviation.
struct Parameters {
  double first, second;
};

/// Draws of every length to 67 (for the first parameters; some for the others), of every layout, and a long
/// one; expect(draw, dtype, i, parameters) says what element i must be.
template <typename F>
void grade_draws(Grader& grader, std::uint32_t member, const char* name, std::span<const Parameters> choices,
                 F&& expect) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Stream& stream : kStreams) {
      const Draw draw(stream.seed, stream.offset);
      for (const Parameters& parameters : choices) {
        const tenon_init_attributes attributes =
            attributes_of(member, stream, parameters.first, parameters.second);
        const auto grade = [&](Operand&& output) {
          std::vector<Expected> expected;
          for (std::int64_t i = 0; i < output.size(); ++i) {
            expected.push_back(expect(draw, dtype, static_cast<std::uint64_t>(i), parameters));
          }
          grader.grade({TENON_OP_INIT, name, {}, &output, &attributes}, expected);
        };
        for (std::int64_t n = 1; n <= 67; n += &parameters == choices.data() ? 1 : 11) {
          grade(Operand(dtype, {n}, Role::output, Layout::contiguous, static_cast<int>(n % 3)));
        }
        for (const Layout layout : kOutputLayouts) grade(Operand(dtype, {3, 7, 11}, Role::output, layout, 1));
        grade(Operand(dtype, {20011}, Role::output));
      }
    }
  }
}

void uniform(Grader& grader) {
  constexpr Parameters kRanges[] = {{0, 1},        {-1, 1},       {0.1, 0.3}, {1, 1 + 0x1p-20},
                                    {-1e30, 1e30}, {-0.05, 0.05}, {2, 2},     {1, 1.0000001788139343},
                                    {3, -2},       {-1, 0}};
  grade_draws(grader, TENON_INIT_UNIFORM, "init uniform", kRanges,
              [](const Draw& draw, DType dtype, std::uint64_t i, const Parameters& range) {
                return Expected{draw.uniform(dtype, i, range.first, range.second)};
              });
}

void normal(Grader& grader) {
  constexpr Parameters kMoments[] = {{0, 1}, {3, 0.5}, {-1, 0.02}, {0, 1e10}, {5, 0}};
  grade_draws(grader, TENON_INIT_NORMAL, "init normal", kMoments,
              [](const Draw& draw, DType dtype, std::uint64_t i, const Parameters& moments) {
                return draw.normal(dtype, i, moments.first, moments.second);
              });
}

/// Kolmogorov-Smirnov at alpha = 1e-6, mean within 5 sigma / sqrt(n), variance within 5 of its own standard
/// errors; `cumulative` is the distribution function.
std::string misfit(std::vector<Real> sample, Real mean, Real variance, Real variance_error,
                   Real (*cumulative)(Real)) {
  const auto n = static_cast<Real>(sample.size());
  Real sum = 0;
  for (const Real x : sample) {
    if (!std::isfinite(x)) return "not finite";
    sum += x;
  }
  Real squares = 0;
  for (const Real x : sample) squares += (x - sum / n) * (x - sum / n);
  std::sort(sample.begin(), sample.end());
  Real distance = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const Real at = cumulative(sample[i]);
    distance = std::max(
        {distance, std::abs(at - static_cast<Real>(i) / n), std::abs(static_cast<Real>(i + 1) / n - at)});
  }
  const Real critical = std::sqrt(-std::log(1e-6L / 2) / 2) / std::sqrt(n);
  if (distance > critical) return "Kolmogorov-Smirnov distance " + std::to_string(distance);
  if (std::abs(sum / n - mean) > 5 * std::sqrt(variance / n)) return "mean " + std::to_string(sum / n);
  if (std::abs(squares / n - variance) > 5 * variance_error / std::sqrt(n)) {
    return "variance " + std::to_string(squares / n);
  }
  return {};
}

void distributions(Grader& grader) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const std::uint32_t member : {TENON_INIT_UNIFORM, TENON_INIT_NORMAL}) {
      const bool gaussian = member == TENON_INIT_NORMAL;
      Operand output(dtype, {100000}, Role::output);
      const tenon_init_attributes attributes = attributes_of(member, {20240607, 0}, 0, 1);
      const DLTensor view = output.tensor();
      const tenon_call call = {sizeof(call), TENON_OP_INIT, 0, 1, nullptr, &view, &attributes, nullptr};
      if (run_call(grader.plugin(), call, {&output}) == TENON_UNSUPPORTED) continue;
      std::vector<Real> sample;
      for (std::int64_t i = 0; i < output.size(); ++i) sample.push_back(output.at(i));
      // Var of the sample variance is (mu4 - sigma^4) / n: 2 for the normal, 1/180 for the uniform.
      const std::string text =
          gaussian ? misfit(sample, 0, 1, std::sqrt(2.0L),
                            [](Real x) { return std::erfc(-x / std::numbers::sqrt2_v<Real>) / 2; })
                   : misfit(sample, 0.5L, 1 / 12.0L, std::sqrt(1 / 180.0L), [](Real x) { return x; });
      const std::string name = std::string(gaussian ? "normal " : "uniform ") + name_of(dtype) + ": ";
      grader.verdict(output.size(), text.empty() ? "" : name + text);
    }
  }
}

constexpr Section kSections[] = {
    {"random_known_answers", known_answers},
    {"random_bits", bits},
    {"random_uniform", uniform},
    {"random_normal", normal},
    {"random_distributions", distributions},
};

}  // namespace

std::span<const Section> random_sections() { return kSections; }

}  // namespace tenon::conformance
