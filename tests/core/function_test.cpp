// Functions with a backward pass of one's own.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include "expect_error.h"
#include "gradient_check.h"

namespace tenon {
namespace {

using test::expect_error;
using Floats = std::vector<float>;

// Sum and product of two tensors.
class SumAndProduct : public Function {
 public:
  std::vector<Tensor> forward(std::span<const Tensor> x) override {
    EXPECT_FALSE(grad_enabled());
    save(x[0]);
    save(x[1]);
    return {x[0] + x[1], x[0] * x[1]};
  }
  std::vector<Tensor> backward(std::span<const Tensor> g) override {
    return {g[0] + g[1] * saved(1), g[0] + g[1] * saved(0)};
  }
};

// Passes its input through; backward() returns what the test says.
class Returning : public Function {
 public:
  explicit Returning(std::vector<Tensor> gradients) : gradients_(std::move(gradients)) {}
  [[nodiscard]] std::string name() const override { return "Returning"; }
  std::vector<Tensor> forward(std::span<const Tensor> x) override { return {x[0]}; }
  std::vector<Tensor> backward(std::span<const Tensor>) override { return gradients_; }

 private:
  std::vector<Tensor> gradients_;
};

Tensor leaf(float value) { return full({1}, value).set_requires_grad(); }

TEST(Function, HasSeveralOutputsWhoseGradientsMeet) {
  const Tensor a = leaf(2);
  const Tensor b = leaf(5);
  const std::vector<Tensor> out = Function::apply(std::make_shared<SumAndProduct>(), {a, b});
  (out[0] * 10 + out[1]).backward();
  EXPECT_EQ(a.grad().item<float>(), 15);
  EXPECT_EQ(b.grad().item<float>(), 12);
}

TEST(Function, GetsZerosForOutputsThatWereNotUsed) {
  const Tensor a = leaf(2);
  const Tensor b = leaf(5);
  const std::vector<Tensor> out = Function::apply(std::make_shared<SumAndProduct>(), {a, b});
  out[1].backward();
  EXPECT_EQ(a.grad().item<float>(), 5);
}

TEST(Function, CanBeDifferentiatedTwice) {
  const test::Differentiable f = [](const test::Tensors& x) {
    const auto out = Function::apply(std::make_shared<SumAndProduct>(), {x[0], x[1]});
    return out[0] * out[1];
  };
  const test::Tensors at = {from_values({0.5, -1.5}), from_values({2.0, 0.25})};
  test::expect_gradients(f, at);
  test::expect_second_derivatives(f, at);
}

TEST(Function, MayReturnNoGradient) {
  const Tensor a = leaf(2);
  const std::vector<Tensor> out =
      Function::apply(std::make_shared<Returning>(std::vector<Tensor>{Tensor()}), {a});
  (out[0] + a).backward();
  EXPECT_EQ(a.grad().item<float>(), 1);
}

TEST(Function, HandsAnInputThroughWithoutTakingItsHistory) {
  const Tensor a = leaf(2);
  const Tensor h = a * 3;
  const std::vector<Tensor> out =
      Function::apply(std::make_shared<Returning>(std::vector<Tensor>{full({1}, 100.0)}), {h});
  EXPECT_EQ(grad(out[0], {a})[0].item<float>(), 300);
  EXPECT_EQ(grad(h, {a})[0].item<float>(), 3);
}

TEST(Function, WrongNumbersAndShapesOfGradientsAreErrorsWithItsName) {
  const Tensor a = ones({3}).set_requires_grad();
  const auto run = [&](std::vector<Tensor> gradients) {
    Function::apply(std::make_shared<Returning>(std::move(gradients)), {a})[0].backward(ones({3}));
  };
  expect_error<AutogradError>([&] { run({}); }, "[Returning]", "0 gradients for 1 inputs");
  expect_error<AutogradError>([&] { run({ones({3, 2})}); }, "[Returning]", "(3, 2)", "(3,)");
}

TEST(Function, RecordsNothingWithoutNeed) {
  const auto out = Function::apply(std::make_shared<SumAndProduct>(), {ones({1}), ones({1})});
  EXPECT_FALSE(out[0].requires_grad());
  const NoGrad no_grad;
  EXPECT_FALSE(Function::apply(std::make_shared<SumAndProduct>(), {leaf(1), leaf(2)})[0].requires_grad());
}

TEST(Function, NoticesThatASavedTensorChanged) {
  const Tensor a = leaf(2);
  const Tensor b = full({1}, 5.0);
  const auto out = Function::apply(std::make_shared<SumAndProduct>(), {a, b});
  fill_(b, 6);
  EXPECT_THROW(out[1].backward(), AutogradError);
}

// x weight + bias, where bias may be undefined.
class Affine : public Function {
 public:
  std::vector<Tensor> forward(std::span<const Tensor> x) override {
    save(x[1]);
    save(x[2]);
    const Tensor product = x[0] * x[1];
    return {x[2].defined() ? product + x[2] : product};
  }
  std::vector<Tensor> backward(std::span<const Tensor> g) override {
    return {g[0] * saved(0), Tensor(), saved(1).defined() ? g[0] : Tensor()};
  }
};

TEST(Function, TakesUndefinedInputs) {
  const Tensor x = leaf(3);
  const auto run = [&] {
    return Function::apply(std::make_shared<Affine>(), {x, full({1}, 2.0), Tensor()})[0];
  };
  const Tensor y = run();
  EXPECT_EQ(y.item<float>(), 6);
  EXPECT_EQ(grad(y, {x})[0].item<float>(), 2);
  const NoGrad no_grad;
  EXPECT_EQ(run().item<float>(), 6);
}

TEST(Function, LetsItsForwardRefuseUndefinedInputs) {
  EXPECT_THROW(Function::apply(std::make_shared<SumAndProduct>(), {leaf(1), Tensor()}), Error);
}

// PyTorch's example: the output is what backward() needs.
class Exp : public Function {
 public:
  std::vector<Tensor> forward(std::span<const Tensor> x) override {
    const Tensor y = exp(x[0]);
    save(y);
    return {y};
  }
  std::vector<Tensor> backward(std::span<const Tensor> g) override { return {g[0] * saved(0)}; }
};

TEST(Function, CanBeDifferentiatedTwiceThroughAnOutputThatItSaved) {
  const test::Differentiable f = [](const test::Tensors& x) {
    return Function::apply(std::make_shared<Exp>(), {x[0]})[0];
  };
  const test::Tensors at = {from_values({0.5, -1.5})};
  test::expect_gradients(f, at);
  test::expect_second_derivatives(f, at);
}

TEST(Function, CanBeDifferentiatedTwiceThroughAnInputThatItHandsThroughAndSaved) {
  class SquareBeside : public Function {
   public:
    std::vector<Tensor> forward(std::span<const Tensor> x) override {
      save(x[0]);
      return {x[0], square(x[0])};
    }
    std::vector<Tensor> backward(std::span<const Tensor> g) override { return {g[0] + g[1] * saved(0) * 2}; }
  };
  const test::Differentiable f = [](const test::Tensors& x) {
    const auto out = Function::apply(std::make_shared<SquareBeside>(), {x[0]});
    return out[0] * out[1];
  };
  const test::Tensors at = {from_values({0.5, -1.5})};
  test::expect_gradients(f, at);
  test::expect_second_derivatives(f, at);
}

TEST(Function, IsFreedWithItsOutputs) {
  std::weak_ptr<Function> watched;
  {
    const auto function = std::make_shared<Exp>();
    watched = function;
    const Tensor x = leaf(1);
    const Tensor y = Function::apply(function, {x})[0];
    EXPECT_TRUE(grad(y, {x}, true)[0].requires_grad());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(Function, ServesOneApplication) {
  const auto function = std::make_shared<SumAndProduct>();
  Function::apply(function, {leaf(2), leaf(5)});
  expect_error<AutogradError>(
      [&] {
        Function::apply(function, {leaf(3), leaf(4)});
      },
      "[Function]", "a second time");
}

TEST(Function, LetsExceptionsOfItsBackwardThrough) {
  class Failing : public Returning {
   public:
    Failing() : Returning({}) {}
    std::vector<Tensor> backward(std::span<const Tensor>) override { throw std::out_of_range("mine"); }
  };
  const Tensor a = leaf(2);
  const auto out = Function::apply(std::make_shared<Failing>(), {a});
  EXPECT_THROW(out[0].backward(), std::out_of_range);
  EXPECT_TRUE(grad_enabled());
}

}  // namespace
}  // namespace tenon
