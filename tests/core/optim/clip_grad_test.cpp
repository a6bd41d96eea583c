#include <tenon/optim.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::optim {
namespace {

std::vector<Tensor> parameters_with_gradients() {
  const Tensor a = zeros({2}, DType::float64).set_requires_grad();
  const Tensor b = zeros({1, 2}, DType::float64).set_requires_grad();
  const Tensor none = zeros({3}, DType::float64).set_requires_grad();
  a.set_grad(from_values({1.0, 2.0}));
  b.set_grad(from_values({2.0, 4.0}, {1, 2}));
  return {a, b, none};
}

TEST(ClipGradNorm, ScalesAllToTheNorm) {
  const std::vector<Tensor> parameters = parameters_with_gradients();
  EXPECT_EQ(clip_grad_norm(parameters, 2.5), 5);
  EXPECT_TRUE(allclose(parameters[0].grad(), from_values({0.5, 1.0}), 1e-6));
  EXPECT_TRUE(allclose(parameters[1].grad(), from_values({1.0, 2.0}, {1, 2}), 1e-6));
  EXPECT_FALSE(parameters[2].grad().defined());
}

TEST(ClipGradNorm, LeavesSmallGradientsAlone) {
  const std::vector<Tensor> parameters = parameters_with_gradients();
  EXPECT_EQ(clip_grad_norm(parameters, 6), 5);
  EXPECT_TRUE(equal(parameters[0].grad(), from_values({1.0, 2.0})));
  EXPECT_EQ(clip_grad_norm({}, 1), 0);
}

TEST(ClipGradNorm, DoesNotHideNaN) {
  const std::vector<Tensor> parameters = parameters_with_gradients();
  parameters[0].set_grad(full({2}, NAN, DType::float64));
  EXPECT_TRUE(std::isnan(clip_grad_norm(parameters, 1)));
  EXPECT_TRUE(std::isnan(parameters[1].grad().to_vector<double>()[0]));
}

TEST(ClipGradNorm, RefusesANegativeNorm) {
  EXPECT_THROW(clip_grad_norm({}, -1), IndexError);
  EXPECT_THROW(clip_grad_norm({}, NAN), IndexError);
}

}  // namespace
}  // namespace tenon::optim
