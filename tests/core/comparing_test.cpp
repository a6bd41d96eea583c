// isclose, allclose and equal, with NaN and infinities.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <cmath>

#include "../conformance/backends_under_test.h"

namespace tenon {
namespace {

class Comparing : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Comparing, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Comparing, IscloseIsRelativeToTheSecondOperand) {
  const Tensor a = from_values({1.0, 1.0, 0.0});
  const Tensor b = from_values({1.0 + 1e-6, 1.0 + 1e-4, 1e-9});
  EXPECT_EQ(isclose(a, b).to_vector<bool>(), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(isclose(a, b, 0, 0).to_vector<bool>(), (std::vector<bool>{false, false, false}));
  EXPECT_TRUE(isclose(full({}, 10.0), full({}, 11.0), 0.095, 0).item<bool>());
  EXPECT_FALSE(isclose(full({}, 11.0), full({}, 10.0), 0.095, 0).item<bool>());
}

TEST_P(Comparing, InfinitiesAreCloseToTheirLikeOnly) {
  const Tensor a = from_values<double>({INFINITY, INFINITY, -INFINITY, 1.0, INFINITY});
  const Tensor b = from_values<double>({INFINITY, -INFINITY, -INFINITY, INFINITY, 1.0});
  EXPECT_EQ(isclose(a, b).to_vector<bool>(), (std::vector<bool>{true, false, true, false, false}));
}

TEST_P(Comparing, NaNIsCloseToNothingUnlessAskedFor) {
  const Tensor x = from_values<double>({NAN, 1.0});
  EXPECT_FALSE(allclose(x, x));
  EXPECT_TRUE(allclose(x, x, 1e-5, 1e-8, true));
  EXPECT_FALSE(allclose(x, from_values<double>({1.0, NAN}), 1e-5, 1e-8, true));
}

TEST_P(Comparing, AllcloseBroadcastsAndTakesAnyDType) {
  EXPECT_TRUE(allclose(full({2, 3}, 1.0), full({}, 1)));
  EXPECT_TRUE(allclose(zeros({0}), ones({0})));
  EXPECT_FALSE(allclose(full({}, true), full({}, 0)));
  EXPECT_THROW((void)allclose(zeros({2}), zeros({3})), ShapeError);
}

TEST_P(Comparing, EqualNeedsShapeDTypeAndValues) {
  const Tensor x = view(arange(6), {2, 3});
  EXPECT_TRUE(equal(x, clone(x)));
  EXPECT_TRUE(equal(transpose(x), contiguous(transpose(x))));
  EXPECT_FALSE(equal(x, view(x, {3, 2})));
  EXPECT_FALSE(equal(x, astype(x, DType::int32)));
  EXPECT_FALSE(equal(x, x + 1));
  EXPECT_FALSE(equal(full({}, NAN), full({}, NAN)));
  EXPECT_TRUE(equal(full({}, 0.0), full({}, -0.0)));
  EXPECT_TRUE(equal(zeros({0}), zeros({0})));
}

}  // namespace
}  // namespace tenon
