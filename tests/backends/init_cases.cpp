// INIT without chance: fill, arange, eye.
#include <cmath>
#include <string>

#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

tenon_number number(Real value) {
  tenon_number both{static_cast<double>(value), 0};
  if (value >= -0x1p63L && value < 0x1p63L) both.integer = static_cast<std::int64_t>(value);
  return both;
}

void fill(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kDTypes) {
    for (const Real value : special_values(dtype)) {
      for (const Shape& shape : sweep_shapes()) {
        const auto layout = static_cast<std::size_t>(turn) % kOutputLayouts.size();
        Operand output(dtype, shape, Role::output, kOutputLayouts[layout], turn % 4);
        tenon_init_attributes attributes{};
        attributes.struct_size = sizeof(attributes);
        attributes.member = TENON_INIT_FILL;
        attributes.value[0] = number(value);
        grader.grade({TENON_OP_INIT, "init fill", {}, &output, &attributes},
                     std::vector<Expected>(static_cast<std::size_t>(output.size()), {value}));
        ++turn;
      }
    }
    for (std::int64_t n = 1; n <= 67; ++n) {
      Operand output(dtype, {n}, Role::output, Layout::contiguous, static_cast<int>(n % 3));
      tenon_init_attributes attributes{};
      attributes.struct_size = sizeof(attributes);
      attributes.member = TENON_INIT_FILL;
      attributes.value[0] = number(1);
      grader.grade({TENON_OP_INIT, "init fill", {}, &output, &attributes},
                   std::vector<Expected>(static_cast<std::size_t>(n), {1}));
    }
  }
}

void arange(Grader& grader) {
  struct Progression {
    double start, step;
  };
  const Progression progressions[] = {{0, 1}, {5, -3}, {0.1, 0.7}, {-1e6, 1e-3}, {250, 7}, {3e9, 1e9}};
  int turn = 0;
  for (const DType dtype : kDTypes) {
    if (dtype == DType::boolean) continue;
    for (const Progression& p : progressions) {
      for (const Shape& shape : {Shape{67}, Shape{5, 7}, Shape{}, Shape{0}, Shape{3, 2, 11}, Shape{1009}}) {
        const auto layout = static_cast<std::size_t>(turn) % kOutputLayouts.size();
        Operand output(dtype, shape, Role::output, kOutputLayouts[layout], turn % 3);
        tenon_init_attributes attributes{};
        attributes.struct_size = sizeof(attributes);
        attributes.member = TENON_INIT_ARANGE;
        attributes.value[0] = number(Real{p.start});
        attributes.value[1] = number(Real{p.step});
        std::vector<Expected> expected;
        for (std::int64_t i = 0; i < output.size(); ++i) {
          const double product = static_cast<double>(i) * p.step;
          const double sum = p.start + product;
          const std::uint64_t whole = to_bits(std::trunc(Real{p.start})) +
                                      static_cast<std::uint64_t>(i) * to_bits(std::trunc(Real{p.step}));
          expected.push_back({is_floating(dtype) ? round_to(dtype, Real{sum}) : wrap(dtype, whole)});
        }
        grader.grade({TENON_OP_INIT, "init arange", {}, &output, &attributes}, expected);
        ++turn;
      }
    }
  }
}

void eye(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kDTypes) {
    for (const Shape& shape : {Shape{5, 5}, Shape{3, 8}, Shape{8, 3}, Shape{1, 1}, Shape{0, 4}, Shape{4, 0},
                               Shape{2, 3, 4, 5}, Shape{67, 65}}) {
      for (const std::int64_t diagonal : {0, 1, -1, 2, -2, 7, -70}) {
        const auto layout = static_cast<std::size_t>(turn) % kOutputLayouts.size();
        Operand output(dtype, shape, Role::output, kOutputLayouts[layout], turn % 3);
        tenon_init_attributes attributes{};
        attributes.struct_size = sizeof(attributes);
        attributes.member = TENON_INIT_EYE;
        attributes.value[0] = number(static_cast<Real>(diagonal));
        const std::int64_t columns = shape.back();
        const std::int64_t rows = shape[shape.size() - 2];
        std::vector<Expected> expected;
        for (std::int64_t i = 0; i < output.size(); ++i) {
          expected.push_back({static_cast<Real>(i % columns - i / columns % rows == diagonal)});
        }
        grader.grade({TENON_OP_INIT, "init eye", {}, &output, &attributes}, expected);
        ++turn;
      }
    }
  }
}

constexpr Section kSections[] = {{"init_fill", fill}, {"init_arange", arange}, {"init_eye", eye, true}};

}  // namespace

std::span<const Section> init_sections() { return kSections; }

}  // namespace tenon::conformance
