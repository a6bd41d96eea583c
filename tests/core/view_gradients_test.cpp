// Gradients through views, of first and second order, and through chains of them.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <functional>
#include <string>

#include "gradient_check.h"

namespace tenon {
namespace {

struct ViewCase {
  const char* name;
  Shape shape;
  std::function<Tensor(const Tensor&)> view;
};

void PrintTo(const ViewCase& view_case, std::ostream* stream) { *stream << view_case.name; }

class ViewGradients : public testing::TestWithParam<ViewCase> {
 protected:
  // Not linear in x, so that second derivatives say something.
  static Tensor function(const std::vector<Tensor>& x) { return square(GetParam().view(x[0] * x[0])) + 1; }
  static std::vector<Tensor> inputs() {
    const Shape& shape = GetParam().shape;
    return {view(sin(arange(element_count(shape)) * 1.7 + 0.3), shape)};
  }
};

std::vector<Tensor> in_float64(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> wide;
  for (const Tensor& each : tensors) wide.push_back(astype(each, DType::float64));
  return wide;
}

TEST_P(ViewGradients, AgreeWithCentralDifferences) { test::expect_gradients(function, in_float64(inputs())); }

TEST_P(ViewGradients, CanBeDifferentiatedAgain) {
  test::expect_second_derivatives(function, in_float64(inputs()));
}

INSTANTIATE_TEST_SUITE_P(
    All, ViewGradients,
    testing::Values(ViewCase{"integer_index", {3, 4}, [](const Tensor& x) { return index(x, {-1}); }},
                    ViewCase{"stepped_slice",
                             {3, 7},
                             [](const Tensor& x) {
                               return index(x, {Slice{1}, Slice{0, 6, 3}});
                             }},
                    ViewCase{"none_and_ellipsis",
                             {2, 3, 2},
                             [](const Tensor& x) {
                               return index(x, {None, Ellipsis, 1});
                             }},
                    ViewCase{"empty_slice_beside",
                             {3},
                             [](const Tensor& x) {
                               return concat({slice(x, 0, 2, 2), x});
                             }},
                    ViewCase{"select", {2, 3}, [](const Tensor& x) { return select(x, 1, 2); }},
                    ViewCase{"view",
                             {2, 6},
                             [](const Tensor& x) {
                               return view(x, {3, 4});
                             }},
                    ViewCase{"reshape_of_transposed",
                             {2, 6},
                             [](const Tensor& x) {
                               return reshape(transpose(x), {3, 4});
                             }},
                    ViewCase{"flatten", {2, 3, 2}, [](const Tensor& x) { return flatten(x, 1); }},
                    ViewCase{"expand",
                             {3, 1},
                             [](const Tensor& x) {
                               return expand(x, {2, 3, 4});
                             }},
                    ViewCase{"permute",
                             {2, 3, 2},
                             [](const Tensor& x) {
                               return permute(x, {2, 0, 1});
                             }},
                    ViewCase{"transpose", {2, 3}, [](const Tensor& x) { return transpose(x); }},
                    ViewCase{"squeeze", {1, 3, 1}, [](const Tensor& x) { return squeeze(x, {0}); }},
                    ViewCase{"unsqueeze", {3}, [](const Tensor& x) { return unsqueeze(x, 0); }},
                    ViewCase{"diagonal", {3, 4}, [](const Tensor& x) { return diagonal(x); }},
                    ViewCase{
                        "diagonal_below", {3, 4, 3}, [](const Tensor& x) { return diagonal(x, -1, 0, 2); }},
                    ViewCase{"diagonal_of_expanded",
                             {3, 1},
                             [](const Tensor& x) {
                               return diagonal(expand(x, {3, 4}), 1);
                             }},
                    ViewCase{"split", {5}, [](const Tensor& x) { return split(x, 2)[1] * split(x, 2)[0]; }},
                    ViewCase{"chain",
                             {4, 6},
                             [](const Tensor& x) {
                               return diagonal(transpose(index(x, {Slice{0, 4, 2}, Slice{1}})), 1);
                             }}),
    [](const testing::TestParamInfo<ViewCase>& info) { return std::string(info.param.name); });

TEST(ViewGradients, OfOverlappingSlicesAdd) {
  const Tensor x = zeros({4}).set_requires_grad();
  (sum(slice(x, 0, 0, 3)) + sum(slice(x, 0, 1, 4))).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{1, 2, 2, 1}));
}

}  // namespace
}  // namespace tenon
