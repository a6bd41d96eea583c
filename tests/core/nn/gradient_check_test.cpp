// The check itself: it must see a wrong gradient.
#include "gradient_check.h"

#include <gtest/gtest-spi.h>
#include <tenon/tenon.h>

namespace tenon::test {
namespace {

// x^3 whose backward says `factor` x^2 instead of 3 x^2.
class Cube : public Function {
 public:
  explicit Cube(double factor) : factor_(factor) {}
  std::vector<Tensor> forward(std::span<const Tensor> inputs) override {
    save(inputs[0]);
    return {inputs[0] * inputs[0] * inputs[0]};
  }
  std::vector<Tensor> backward(std::span<const Tensor> gradients) override {
    return {gradients[0] * square(saved(0)) * factor_};
  }

 private:
  double factor_;
};

Differentiable cube(double factor) {
  return [factor](const Tensors& x) { return Function::apply(std::make_shared<Cube>(factor), {x[0]})[0]; };
}

// The macros that expect a failure need what they run to be static.
const Tensors& at_two() {
  static const Tensors inputs = {full({}, 2.0, DType::float64)};
  return inputs;
}

TEST(GradientCheck, PassesARightGradient) {
  expect_gradients(cube(3), at_two());
  expect_second_derivatives(cube(3), at_two());
}

TEST(GradientCheck, SeesAWrongGradient) {
  EXPECT_NONFATAL_FAILURE(expect_gradients(cube(3.00001), at_two()), "input 0, element 0");
  EXPECT_NONFATAL_FAILURE(expect_gradients(cube(-3), at_two()), "input 0, element 0");
}

// The first derivative of sin x is right; its slope is given as a constant.
TEST(GradientCheck, SeesAWrongSecondDerivative) {
  class Sine : public Function {
   public:
    std::vector<Tensor> forward(std::span<const Tensor> inputs) override {
      save(inputs[0]);
      return {sin(inputs[0])};
    }
    std::vector<Tensor> backward(std::span<const Tensor> gradients) override {
      const Tensor slope = cos(saved(0).detach());
      return {gradients[0] * slope + 0 * saved(0)};
    }
  };
  static const Differentiable sine = [](const Tensors& x) {
    return Function::apply(std::make_shared<Sine>(), {x[0]})[0];
  };
  expect_gradients(sine, at_two());
  EXPECT_NONFATAL_FAILURE(expect_second_derivatives(sine, at_two()), "input 0, element 0");
}

TEST(GradientCheck, WantsAHistory) {
  static const Differentiable constant = [](const Tensors& x) { return x[0].detach(); };
  EXPECT_FATAL_FAILURE(expect_gradients(constant, at_two()), "no history");
}

}  // namespace
}  // namespace tenon::test
