#include "reference.h"

#include <tenon/creation.h>
#include <tenon/ops.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

namespace tenon::test {
namespace {

// A letter, or the axis of "..." that is so many places from its end.
using Name = int;
constexpr Name kDots = 1000;
using Term = std::vector<Name>;

// A term with `axes` axes; those that have no letter are those of "...".
Term read_term(std::string_view text, std::size_t axes) {
  std::size_t letters = 0;
  for (const char c : text) letters += c != '.' ? 1 : 0;
  Term term;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      for (std::size_t left = axes - letters; left > 0; --left)
        term.push_back(kDots + static_cast<Name>(left));
      i += 2;
    } else {
      term.push_back(text[i]);
    }
  }
  return term;
}

struct Sum {
  std::vector<Term> operands;
  Term output;
  std::map<Name, std::int64_t> extents;
};

Sum read(std::string_view equation, std::span<const Tensor> operands) {
  std::string text;
  std::ranges::copy_if(equation, std::back_inserter(text), [](char c) { return c != ' ' && c != '\t'; });
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  Sum sum;
  std::size_t dots = 0;
  std::size_t begin = 0;
  std::map<Name, int> letters;
  for (const Tensor& operand : operands) {
    const std::size_t end = std::min(left.find(',', begin), left.size());
    const Term term = read_term(left.substr(begin, end - begin), operand.rank());
    begin = end + 1;
    std::size_t here = 0;
    for (std::size_t axis = 0; axis < term.size(); ++axis) {
      std::int64_t& extent = sum.extents.try_emplace(term[axis], 1).first->second;
      if (operand.shape()[axis] != 1) extent = operand.shape()[axis];
      if (term[axis] > kDots) {
        ++here;
      } else {
        ++letters[term[axis]];
      }
    }
    dots = std::max(dots, here);
    sum.operands.push_back(term);
  }
  if (arrow != std::string::npos) {
    const std::string right = text.substr(arrow + 2);
    const auto dotted = static_cast<std::size_t>(std::ranges::count(right, '.'));
    sum.output = read_term(right, right.size() - dotted + dots);
  } else {
    sum.output = read_term("...", dots);
    for (const auto& [letter, count] : letters) {
      if (count == 1) sum.output.push_back(letter);
    }
  }
  return sum;
}

// Row-major positions of one tensor: how far a step of each loop goes.
std::vector<std::int64_t> steps_of(const Term& term, const Shape& shape, const Term& loops) {
  std::vector<std::int64_t> steps(loops.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t axis = term.size(); axis-- > 0;) {
    const auto loop = static_cast<std::size_t>(std::ranges::find(loops, term[axis]) - loops.begin());
    if (shape[axis] != 1) steps[loop] += stride;
    stride *= shape[axis];
  }
  return steps;
}

}  // namespace

Reference direct_einsum(std::string_view equation, std::span<const Tensor> operands) {
  const Sum sum = read(equation, operands);
  Reference result;
  for (const Name name : sum.output) result.shape.push_back(sum.extents.at(name));
  const auto size = static_cast<std::size_t>(element_count(result.shape));
  result.values.assign(size, 0);
  result.magnitudes.assign(size, 0);

  Term loops = sum.output;
  std::vector<std::int64_t> extents(result.shape.begin(), result.shape.end());
  for (const auto& [name, extent] : sum.extents) {
    if (std::ranges::find(sum.output, name) != sum.output.end()) continue;
    loops.push_back(name);
    extents.push_back(extent);
    result.terms *= static_cast<double>(extent);
  }
  if (std::ranges::find(extents, 0) != extents.end()) return result;

  const std::size_t count = operands.size();
  std::vector<std::vector<double>> values;
  std::vector<std::vector<std::int64_t>> steps;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(operands[i].to_vector<double>());
    steps.push_back(steps_of(sum.operands[i], operands[i].shape(), loops));
  }
  steps.push_back(steps_of(sum.output, result.shape, loops));
  std::vector<std::int64_t> places(count + 1, 0);
  std::vector<std::int64_t> counters(loops.size(), 0);
  for (;;) {
    long double product = 1;
    for (std::size_t i = 0; i < count; ++i) product *= values[i][static_cast<std::size_t>(places[i])];
    result.values[static_cast<std::size_t>(places[count])] += product;
    result.magnitudes[static_cast<std::size_t>(places[count])] += std::abs(product);
    std::size_t loop = loops.size();
    for (; loop > 0; --loop) {
      const bool again = ++counters[loop - 1] < extents[loop - 1];
      const std::int64_t by = again ? 1 : 1 - extents[loop - 1];
      for (std::size_t i = 0; i <= count; ++i) places[i] += by * steps[i][loop - 1];
      if (again) break;
      counters[loop - 1] = 0;
    }
    if (loop == 0) return result;
  }
}

testing::AssertionResult agrees(const Tensor& actual, const Reference& expected, std::size_t operands) {
  if (actual.shape() != expected.shape) {
    return testing::AssertionFailure()
           << "the shape is " << to_string(actual.shape()) << ", not " << to_string(expected.shape);
  }
  const bool exact = !is_floating(actual.dtype());
  const double u = actual.dtype() == DType::float64   ? 0x1p-53
                   : actual.dtype() == DType::float32 ? 0x1p-24
                                                      : 0x1p-8;
  const double roundings = (static_cast<double>(operands) + expected.terms) * u;
  const double bound = roundings / (1 - roundings);
  const std::vector<double> values = actual.to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto wanted = static_cast<double>(expected.values[i]);
    const double allowed =
        exact ? 0 : bound * static_cast<double>(expected.magnitudes[i]) + u * std::abs(wanted);
    if (!(std::abs(values[i] - wanted) <= allowed)) {
      return testing::AssertionFailure() << "element " << i << " is " << values[i] << ", not " << wanted;
    }
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult is_einsum_of(const Tensor& actual, std::string_view equation,
                                      std::span<const Tensor> operands) {
  return agrees(actual, direct_einsum(equation, operands), operands.size());
}

Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed) {
  // SplitMix64 (Steele, Lea, Flood 2014).
  std::uint64_t state = seed * 0x632BE59BD9B4E019U + 1;
  const auto next = [&state] {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  };
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  for (double& value : values) value = is_floating(dtype) ? 2 * next() - 1 : std::floor(9 * next()) - 4;
  return astype(from_values(values, shape), dtype);
}

std::vector<Tensor> random_tensors(std::span<const Shape> shapes, DType dtype, std::uint64_t seed) {
  std::vector<Tensor> tensors;
  for (const Shape& shape : shapes)
    tensors.push_back(random_tensor(shape, dtype, seed + 1000 * tensors.size()));
  return tensors;
}

std::string to_text(std::span<const Shape> shapes) {
  std::string text;
  for (const Shape& shape : shapes) {
    if (!text.empty()) text += ' ';
    text += to_string(shape);
  }
  return text;
}

}  // namespace tenon::test
