// The tape: what accumulates where, what is recorded, and what is refused.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/storage.h>
#include <tenon/views.h>

#include <vector>

#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;
using Floats = std::vector<float>;

Tensor leaf(std::initializer_list<float> values) { return from_values<float>(values).set_requires_grad(); }

TEST(Backward, FillsTheLeaves) {
  const Tensor x = leaf({1, 2, 3});
  sum(x * x).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (Floats{2, 4, 6}));
}

TEST(Backward, Accumulates) {
  const Tensor x = leaf({1, 2});
  sum(x * 3).backward();
  sum(x * 4).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (Floats{7, 7}));
  x.set_grad({});
  EXPECT_FALSE(x.grad().defined());
}

TEST(Backward, TwiceOverOneTapeAddsTwice) {
  const Tensor x = leaf({3});
  const Tensor y = x * x;
  y.backward();
  y.backward();
  EXPECT_EQ(x.grad().item<float>(), 12);
}

TEST(Backward, SumsOverTheBranchesOfADiamond) {
  const Tensor x = leaf({2});
  const Tensor shared = x * x;
  const Tensor left = shared * 3;
  const Tensor right = exp(shared * 0) + shared;
  (left * right).backward();  // 3 s (1 + s) with s = x^2
  EXPECT_EQ(x.grad().item<float>(), 3 * (1 + 2 * 4) * 4);
}

TEST(Backward, VisitsEachNodeOnceHoweverManyPathsThereAre) {
  Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y + y;  // 2^60 paths
  y.backward();
  EXPECT_EQ(x.grad().item<float>(), 0x1p60F);
}

TEST(Backward, OfALeafIsItsSeed) {
  const Tensor x = leaf({5});
  x.backward();
  EXPECT_EQ(x.grad().item<float>(), 1);
}

TEST(Backward, TakesAGradientOfTheOutputsShape) {
  const Tensor x = leaf({1, 2});
  (x * x).backward(from_values<float>({1, 10}));
  EXPECT_EQ(x.grad().to_vector<float>(), (Floats{2, 40}));
  expect_error<ShapeError>([&] { (x * x).backward(ones({3})); }, "[backward]", "(3,)", "(2,)");
  expect_error<AutogradError>([&] { (x * x).backward(); }, "[backward]", "(2,)", "one element");
}

TEST(Backward, OfSeveralOutputsAdds) {
  const Tensor x = leaf({2});
  const std::vector<Tensor> outputs = {x * 3, x * x};
  const std::vector<Tensor> gradients = {Tensor(), full({1}, 10.0)};
  backward(outputs, gradients);
  EXPECT_EQ(x.grad().item<float>(), 43);
  EXPECT_THROW(backward(outputs, std::span(gradients).first(1)), AutogradError);
}

TEST(Backward, NeedsHistory) {
  expect_error<AutogradError>([] { ones({1}).backward(); }, "[backward]", "no history");
}

TEST(CollectedGradients, BelongToTheirLeafAlone) {
  const Tensor a = leaf({1, 2});
  const Tensor b = leaf({3, 4});
  const Tensor seed = ones({2});
  (a + b).backward(seed);
  mul_(a.grad(), full({}, 3.0));
  EXPECT_EQ(b.grad().to_vector<float>(), (Floats{1, 1}));
  EXPECT_EQ(seed.to_vector<float>(), (Floats{1, 1}));
}

TEST(CollectedGradients, CanBeChangedInPlace) {
  const Tensor x = leaf({1, 2});
  sum(x).backward();
  EXPECT_TRUE(x.grad().is_contiguous());
  mul_(x.grad(), full({}, 0.5));
  EXPECT_EQ(x.grad().to_vector<float>(), (Floats{0.5, 0.5}));
}

TEST(CollectedGradients, HaveNoHistoryOfTheirOwn) {
  const Tensor x = leaf({2});
  (x * x).backward();
  EXPECT_FALSE(x.grad().requires_grad());
}

TEST(Grad, LeavesCollectedGradientsAlone) {
  const Tensor x = leaf({2});
  const Tensor w = leaf({3});
  const std::vector<Tensor> gradients = grad(x * w, {x, w});
  EXPECT_EQ(gradients[0].item<float>(), 3);
  EXPECT_EQ(gradients[1].item<float>(), 2);
  EXPECT_FALSE(x.grad().defined());
  EXPECT_FALSE(w.grad().defined());
}

TEST(Grad, TakesInputsThatAnOpComputed) {
  const Tensor x = leaf({2});
  const Tensor h = x * 5;
  const std::vector<Tensor> gradients = grad(h * h, {h, x});
  EXPECT_EQ(gradients[0].item<float>(), 20);
  EXPECT_EQ(gradients[1].item<float>(), 100);
  EXPECT_EQ(grad(h, {h})[0].item<float>(), 1);
}

TEST(Grad, RunsNothingBelowItsInputs) {
  const Tensor x = leaf({2});
  const Tensor factor = full({1}, 5.0);
  const Tensor h = x * factor;
  const Tensor y = h * h;
  fill_(factor, 7);  // needed only for the gradient of x
  EXPECT_EQ(grad(y, {h})[0].item<float>(), 20);
}

TEST(Grad, IsUndefinedForWhatTheOutputDoesNotDependOn) {
  const Tensor x = leaf({2});
  const Tensor other = leaf({3});
  EXPECT_FALSE(grad(x * 2, {other})[0].defined());
  expect_error<AutogradError>([&] { grad(x * 2, {ones({1})}); }, "[grad]", "set_requires_grad");
}

TEST(Grad, WithCreateGraphCanBeDifferentiatedAgain) {
  const Tensor x = leaf({2});
  const Tensor first = grad(x * x * x, {x}, true)[0];
  const Tensor second = grad(first, {x}, true)[0];
  const Tensor third = grad(second, {x})[0];
  EXPECT_EQ(first.item<float>(), 12);
  EXPECT_EQ(second.item<float>(), 12);
  EXPECT_EQ(third.item<float>(), 6);
  EXPECT_FALSE(third.requires_grad());
}

TEST(Grad, WithCreateGraphRecordsEvenUnderNoGrad) {
  const Tensor x = leaf({2});
  const Tensor y = x * x;
  const NoGrad no_grad;
  EXPECT_TRUE(grad(y, {x}, true)[0].requires_grad());
  EXPECT_FALSE(grad_enabled());
}

TEST(NoGrad, NestsWithEnableGrad) {
  const Tensor x = leaf({1});
  EXPECT_TRUE(grad_enabled());
  {
    const NoGrad outer;
    EXPECT_FALSE((x * 2).requires_grad());
    {
      const EnableGrad inner;
      EXPECT_TRUE((x * 2).requires_grad());
      const NoGrad innermost;
      EXPECT_FALSE(grad_enabled());
    }
    EXPECT_FALSE(grad_enabled());
  }
  EXPECT_TRUE((x * 2).requires_grad());
}

TEST(NoGrad, EndsWithAnException) {
  try {
    const NoGrad no_grad;
    throw 1;
  } catch (int) {
  }
  EXPECT_TRUE(grad_enabled());
}

TEST(Detach, SharesMemoryButNotHistory) {
  const Tensor x = leaf({3});
  const Tensor y = x * 2;
  const Tensor cut = y.detach();
  EXPECT_EQ(cut.storage(), y.storage());
  EXPECT_FALSE(cut.requires_grad());
  (y * cut).backward();
  EXPECT_EQ(x.grad().item<float>(), 12);
}

TEST(SetRequiresGrad, IsForFloatingLeaves) {
  expect_error<DTypeError>([] { arange(3).set_requires_grad(); }, "[set_requires_grad]", "int64");
  const Tensor x = leaf({1});
  expect_error<AutogradError>([&] { (x * 2).set_requires_grad(false); }, "[set_requires_grad]", "detach()");
  x.set_requires_grad(false);
  EXPECT_FALSE((x * 2).requires_grad());
  EXPECT_FALSE(arange(3).set_requires_grad(false).requires_grad());
}

TEST(SetGrad, ChecksShapeDTypeAndLeaf) {
  const Tensor x = leaf({1, 2});
  x.set_grad(ones({2}));
  EXPECT_EQ(x.grad().to_vector<float>(), (Floats{1, 1}));
  EXPECT_THROW(x.set_grad(ones({3})), Error);
  EXPECT_THROW(x.set_grad(ones({2}, DType::float64)), Error);
  EXPECT_THROW(ones({2}).set_grad(ones({2})), AutogradError);
  EXPECT_THROW((x * 2).set_grad(ones({2})), AutogradError);
}

TEST(Gradients, HaveTheShapeAndDTypeOfTheirInput) {
  const Tensor narrow = from_values<float>({1, 2}, {2, 1}).set_requires_grad();
  const Tensor wide = from_values({1.0, 2.0, 3.0}).set_requires_grad();
  const Tensor scalar = full({}, 2.0).set_requires_grad();
  sum(narrow * wide * scalar).backward();
  EXPECT_EQ(narrow.grad().dtype(), DType::float32);
  EXPECT_EQ(narrow.grad().shape(), (Shape{2, 1}));
  EXPECT_EQ(narrow.grad().to_vector<float>(), (Floats{12, 12}));
  EXPECT_EQ(wide.grad().dtype(), DType::float64);
  EXPECT_EQ(wide.grad().to_vector<double>(), (std::vector<double>{6, 6, 6}));
  EXPECT_EQ(scalar.grad().shape(), Shape{});
  EXPECT_EQ(scalar.grad().item<float>(), 18);
}

TEST(Gradients, DoNotFlowToIntegersOrThroughThem) {
  const Tensor x = leaf({1.5, 2.5});
  EXPECT_FALSE(astype(x, DType::int64).requires_grad());
  EXPECT_FALSE(argmax(x).requires_grad());
  EXPECT_FALSE(gt(x, 0).requires_grad());
  sum(x * arange(2)).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (Floats{0, 1}));
}

TEST(Gradients, OfNothingAreNothing) {
  const Tensor x = zeros({0, 3}).set_requires_grad();
  const Tensor w = ones({3}).set_requires_grad();
  sum(x * w).backward();
  EXPECT_EQ(x.grad().shape(), (Shape{0, 3}));
  EXPECT_EQ(w.grad().to_vector<float>(), (Floats{0, 0, 0}));
}

}  // namespace
}  // namespace tenon
