#include "einsum_reference.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "values.h"

namespace tenon::conformance {
namespace {

/// The letter of each mode, in the order of base64.
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
static_assert(kLetters.size() == TENON_MAX_MODES);

std::string letters(const Modes& modes) {
  std::string text;
  for (const std::uint8_t mode : modes) text += kLetters[mode];
  return text;
}

Modes read_modes(std::string_view text) {
  Modes modes;
  for (const char letter : text) {
    const std::size_t mode = kLetters.find(letter);
    if (mode == std::string_view::npos) throw std::invalid_argument("no letter: " + std::string(1, letter));
    modes.push_back(static_cast<std::uint8_t>(mode));
  }
  return modes;
}

/// Row-major positions in an operand's elements for every index of `loops`, row-major, all other modes at 0.
/// The position of an element is the sum of those of its modes, so out's modes and the rest can be listed
/// apart.
std::vector<std::size_t> positions(const Equation& equation, const Modes& loops, const Modes& operand) {
  const std::vector<std::int64_t> strides = contiguous_strides(equation.shape(operand));
  std::vector<std::size_t> list = {0};
  for (const std::uint8_t mode : loops) {
    std::size_t step = 0;
    for (std::size_t axis = 0; axis < operand.size(); ++axis) {
      if (operand[axis] == mode) step += static_cast<std::size_t>(strides[axis]);
    }
    std::vector<std::size_t> longer;
    const auto extent = static_cast<std::size_t>(equation.extents[mode]);
    longer.reserve(list.size() * extent);
    for (const std::size_t at : list) {
      for (std::size_t i = 0; i < extent; ++i) longer.push_back(at + i * step);
    }
    list = std::move(longer);
  }
  return list;
}

/// The elements of one input, and where those of one term of one output element are.
template <typename T>
struct Factor {
  std::vector<T> values;
  std::vector<std::size_t> free;
  std::vector<std::size_t> summed;

  [[nodiscard]] T at(std::size_t element, std::size_t term) const {
    return values[free[element] + summed[term]];
  }
};

/// Both inputs; in place of a missing one, ones.
template <typename T, typename Values>
std::array<Factor<T>, 2> factors(const Equation& equation, const std::vector<Operand>& inputs,
                                 Values&& values) {
  Modes summed = equation.modes();
  summed.erase(summed.begin(), summed.begin() + static_cast<std::ptrdiff_t>(equation.out.size()));
  std::array<Factor<T>, 2> both;
  for (std::size_t k = 0; k < both.size(); ++k) {
    const bool given = k < inputs.size();
    const Modes modes = given ? equation.inputs[k] : Modes{};
    both[k] = {given ? values(inputs[k]) : std::vector<T>{1}, positions(equation, equation.out, modes),
               positions(equation, summed, modes)};
  }
  return both;
}

}  // namespace

Shape Equation::shape(const Modes& modes) const {
  Shape shape;
  for (const std::uint8_t mode : modes) shape.push_back(extents[mode]);
  return shape;
}

tenon_einsum_attributes Equation::frame() const {
  tenon_einsum_attributes attributes{};
  attributes.struct_size = sizeof(attributes);
  // What lies behind an operand's axes says nothing.
  for (auto& modes : attributes.modes) std::fill(std::begin(modes), std::end(modes), std::uint8_t{0xFF});
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    std::copy(inputs[k].begin(), inputs[k].end(), attributes.modes[k]);
  }
  std::copy(out.begin(), out.end(), attributes.modes[2]);
  return attributes;
}

std::string Equation::text() const {
  std::string text = letters(inputs[0]);
  if (inputs.size() == 2) text.append(",").append(letters(inputs[1]));
  return text.append("->").append(letters(out));
}

Modes Equation::modes() const {
  Modes all = out;
  for (const Modes& input : inputs) {
    for (const std::uint8_t mode : input) {
      if (std::find(all.begin(), all.end(), mode) == all.end()) all.push_back(mode);
    }
  }
  return all;
}

std::int64_t Equation::terms() const {
  const Modes all = modes();
  std::int64_t terms = 1;
  for (std::size_t i = out.size(); i < all.size(); ++i) terms *= extents[all[i]];
  return terms;
}

std::size_t axis_of(const Modes& operand, std::uint8_t mode) {
  return static_cast<std::size_t>(std::find(operand.begin(), operand.end(), mode) - operand.begin());
}

std::int64_t index_along(const Shape& shape, std::size_t axis, std::int64_t i) {
  for (std::size_t inner = shape.size(); --inner > axis;) i /= shape[inner];
  return i % shape[axis];
}

Equation equation(std::string_view text, std::span<const std::int64_t> extents) {
  const std::size_t arrow = text.find("->");
  if (arrow == std::string_view::npos) throw std::invalid_argument("no arrow: " + std::string(text));
  const std::string_view left = text.substr(0, arrow);
  const std::size_t comma = left.find(',');
  Equation read;
  read.inputs.push_back(read_modes(left.substr(0, comma)));
  if (comma != std::string_view::npos) read.inputs.push_back(read_modes(left.substr(comma + 1)));
  read.out = read_modes(text.substr(arrow + 2));
  std::size_t letters_seen = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == ',' || left.find(left[i]) < i) continue;
    read.extents[kLetters.find(left[i])] = extents[letters_seen++ % extents.size()];
  }
  return read;
}

std::int64_t exact_limit(DType dtype, std::int64_t terms) {
  if (!is_floating(dtype)) return dtype == DType::uint8 ? 255 : INT32_MAX;
  const Real significand = dtype == DType::float64 ? 0x1p53L : 0x1p24L;
  const auto limit = static_cast<std::int64_t>(std::sqrt((significand - 1) / static_cast<Real>(terms)));
  return dtype == DType::bfloat16 ? std::min<std::int64_t>(limit, 127) : limit;
}

EinsumOperands::EinsumOperands(DType dtype, const Equation& equation, const Placement& placement)
    : out(dtype, equation.shape(equation.out), Role::output, placement.out, placement.lead) {
  const Layout layouts[] = {placement.a, placement.b};
  for (std::size_t k = 0; k < equation.inputs.size(); ++k) {
    inputs.emplace_back(dtype, equation.shape(equation.inputs[k]), Role::input, layouts[k], placement.lead);
  }
}

void EinsumOperands::fill_ordinary(std::uint64_t seed) {
  for (Operand& input : inputs) input.fill(ordinary_values(out.dtype(), input.size(), seed++));
}

void EinsumOperands::fill_whole(std::int64_t limit, std::uint64_t seed) {
  for (Operand& input : inputs) input.fill(whole_values(out.dtype(), input.size(), limit, seed++));
}

std::vector<Expected> einsum(const Equation& equation, const EinsumOperands& operands, Strictness strictness,
                             std::uint32_t flags) {
  const DType dtype = operands.out.dtype();
  const std::size_t count = operands.inputs.size();
  const auto terms = static_cast<std::size_t>(equation.terms());
  std::vector<Expected> expected(static_cast<std::size_t>(operands.out.size()));
  if (!is_floating(dtype)) {
    const auto [a, b] = factors<std::uint64_t>(equation, operands.inputs, integer_values);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      std::uint64_t sum = 0;
      for (std::size_t p = 0; p < terms; ++p) sum += a.at(i, p) * b.at(i, p);
      expected[i] = {wrap(dtype, sum)};
    }
    return expected;
  }
  // One input has no products that could be computed with less precision.
  if (count == 1) flags &= ~std::uint32_t{TENON_FLAG_REDUCED_PRECISION_MATMUL};
  const ContractionBound bound(dtype, static_cast<Real>(terms), static_cast<Real>(count + terms), strictness,
                               flags);
  const auto [a, b] = factors<double>(equation, operands.inputs, floating_values);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ProductSum sum(dtype, strictness);
    for (std::size_t p = 0; p < terms; ++p) sum.add(a.at(i, p), b.at(i, p));
    expected[i] = bound.expect(sum.value(), sum.magnitudes());
  }
  return expected;
}

void grade_einsum(Grader& grader, const std::string& name, const Equation& equation, EinsumOperands& operands,
                  Strictness strictness) {
  const std::uint32_t flags = grader.plugin().properties().flags;
  const std::vector<Expected> expected = einsum(equation, operands, strictness, flags);
  const tenon_einsum_attributes frame = equation.frame();
  std::vector<Operand*> inputs;
  for (Operand& input : operands.inputs) inputs.push_back(&input);
  grader.grade({TENON_OP_EINSUM, "einsum " + equation.text() + ", " + name, inputs, &operands.out, &frame},
               expected);
}

}  // namespace tenon::conformance
