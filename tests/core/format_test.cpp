#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/format.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

namespace tenon {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Element i of a tensor whose values are not listed.
using Rule = double (*)(std::int64_t);
struct Values {
  std::vector<double> listed;
  Rule rule = nullptr;
  Values(std::initializer_list<double> values) : listed(values) {}
  explicit Values(Rule r) : rule(r) {}
};
Values counting() {
  return Values([](std::int64_t i) { return static_cast<double>(i); });
}
Values counting_modulo_251() {
  return Values([](std::int64_t i) { return static_cast<double>(i % 251); });
}
Values every_third() {
  return Values([](std::int64_t i) { return i % 3 == 0 ? 1.0 : 0.0; });
}

struct Golden {
  DType dtype;
  Shape shape;
  Values values;
  FormatOptions options;
  const char* text;
};

#include "format_goldens.h"

Tensor tensor_of(const Golden& golden) {
  std::vector<double> values = golden.values.listed;
  if (golden.values.rule != nullptr) {
    for (std::int64_t i = 0; i < element_count(golden.shape); ++i) values.push_back(golden.values.rule(i));
  }
  return astype(from_values(values, golden.shape), golden.dtype);
}

TEST(Format, PrintsAsPyTorchDoes) {
  ASSERT_GT(kGoldens.size(), 50U);
  for (const Golden& golden : kGoldens) {
    EXPECT_EQ(to_string(tensor_of(golden), golden.options), golden.text)
        << name(golden.dtype) << " " << to_string(golden.shape);
  }
}

TEST(Format, LayoutOfMemoryDoesNotShow) {
  const Tensor x = reshape(arange(12), {3, 4});
  EXPECT_EQ(to_string(transpose(x)), to_string(contiguous(transpose(x))));
  EXPECT_EQ(to_string(slice(x, 1, 1, 4, 2)), "tensor([[ 1,  3],\n        [ 5,  7],\n        [ 9, 11]])");
  EXPECT_EQ(to_string(expand(from_values({7.0F}), {2, 2})), "tensor([[7., 7.],\n        [7., 7.]])");
}

TEST(Format, NegativeNaNHasNoSign) {
  EXPECT_EQ(to_string(from_values({-std::numeric_limits<float>::quiet_NaN(), 1.0F})), "tensor([nan, 1.])");
}

TEST(Format, ShowsWhereGradientsFlow) {
  const Tensor leaf = from_values({1.0F, 2.0F}).set_requires_grad();
  EXPECT_EQ(to_string(leaf), "tensor([1., 2.], requires_grad=True)");
  EXPECT_EQ(to_string(add(leaf, leaf)), "tensor([2., 4.], grad_fn=<add>)");
  EXPECT_EQ(to_string(add(leaf, leaf).detach()), "tensor([2., 4.])");
  // 63 columns of numbers leave no room for the suffix in a line of 80.
  const Tensor wide = ones({19}).set_requires_grad();
  EXPECT_EQ(to_string(wide),
            "tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.,\n"
            "        1.], requires_grad=True)");
  const Tensor row = ones({16}).set_requires_grad();
  EXPECT_EQ(to_string(row),
            "tensor([1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.],\n"
            "       requires_grad=True)");
}

TEST(Format, StreamsAndUndefined) {
  std::ostringstream stream;
  stream << from_values({1, 2}) << Tensor();
  EXPECT_EQ(stream.str(), "tensor([1, 2], dtype=int32)tensor(undefined)");
}

TEST(Format, RefusesAPrecisionThatIsNone) {
  for (const int precision : {-1, 1075}) {
    EXPECT_THROW(static_cast<void>(to_string(ones({1}), {.precision = precision})), IndexError) << precision;
  }
}

}  // namespace
}  // namespace tenon
