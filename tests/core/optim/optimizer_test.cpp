#include <tenon/optim.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

namespace tenon::optim {
namespace {

Tensor leaf(const Shape& shape) { return ones(shape).set_requires_grad(); }

TEST(Optimizer, RefusesParametersItCannotTrain) {
  const Tensor p = leaf({2});
  EXPECT_THROW(SGD({Tensor()}, 0.1), Error);
  EXPECT_THROW(SGD({ones({2})}, 0.1), Error);
  EXPECT_THROW(SGD({p, leaf({2}), p}, 0.1), Error);
}

TEST(Optimizer, RefusesNumbersOutOfRange) {
  const Tensor p = leaf({2});
  for (const double wrong : {-0.1, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    EXPECT_THROW(SGD({p}, wrong), IndexError);
    EXPECT_THROW(SGD({p}, 0.1, {.momentum = wrong}), IndexError);
    EXPECT_THROW(SGD({p}, 0.1, {.weight_decay = wrong}), IndexError);
    EXPECT_THROW(Adam({p}, wrong), IndexError);
    EXPECT_THROW(Adam({p}, 0.1, {.eps = wrong}), IndexError);
    EXPECT_THROW(AdamW({p}, 0.1, {.weight_decay = wrong}), IndexError);
    SGD optimizer({p}, 0.1);
    EXPECT_THROW(optimizer.set_learning_rate(wrong), IndexError);
    EXPECT_EQ(optimizer.learning_rate(), 0.1);
  }
  for (const double beta : {-0.1, 1.0, static_cast<double>(NAN)}) {
    EXPECT_THROW(Adam({p}, 0.1, {.beta1 = beta}), IndexError);
    EXPECT_THROW(AdamW({p}, 0.1, {.beta2 = beta}), IndexError);
  }
  EXPECT_THROW(SGD({p}, 0.1, {.dampening = NAN}), IndexError);
  EXPECT_THROW(SGD({p}, 0.1, {.nesterov = true}), IndexError);
  EXPECT_THROW(SGD({p}, 0.1, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}), IndexError);
}

TEST(Optimizer, SkipsParametersWithoutAGradient) {
  const Tensor moved = leaf({2});
  const Tensor still = leaf({2});
  Adam optimizer({still, moved}, 0.1);
  moved.set_grad(ones({2}));
  optimizer.step();
  EXPECT_TRUE(equal(still.detach(), ones({2})));
  EXPECT_FALSE(equal(moved.detach(), ones({2})));
  const OptimizerState state = optimizer.state_dict();
  ASSERT_EQ(state.numbers.size(), 2U);
  EXPECT_EQ(state.numbers[0], (std::pair<std::string, double>("learning_rate", 0.1)));
  EXPECT_EQ(state.numbers[1], (std::pair<std::string, double>("1.step", 1)));
  ASSERT_EQ(state.tensors.size(), 2U);
  EXPECT_EQ(state.tensors[0].first, "1.exp_avg");
  EXPECT_EQ(state.tensors[1].first, "1.exp_avg_sq");
}

TEST(Optimizer, ZeroGradForgetsGradients) {
  const Tensor p = leaf({2});
  SGD optimizer({p}, 0.1);
  p.set_grad(ones({2}));
  optimizer.zero_grad();
  EXPECT_FALSE(p.grad().defined());
  optimizer.step();
  EXPECT_TRUE(equal(p.detach(), ones({2})));
}

TEST(Optimizer, LeavesTheGradientAndItsOwnStateApart) {
  const Tensor p = leaf({2});
  SGD optimizer({p}, 0.5, {.momentum = 0.9});
  p.set_grad(ones({2}));
  optimizer.step();
  optimizer.step();
  EXPECT_TRUE(equal(p.grad(), ones({2})));
  const OptimizerState state = optimizer.state_dict();
  fill_(state.tensors[0].second, 100);
  optimizer.step();
  // Buffers 1, 1.9, 2.71 at rate 0.5.
  EXPECT_TRUE(allclose(p.detach(), full({2}, 1 - 0.5 * (1 + 1.9 + 2.71))));
}

TEST(Optimizer, LoadListsEveryFaultAndChangesNothing) {
  const Tensor p = leaf({2});
  SGD optimizer({p}, 0.1, {.momentum = 0.9});
  const OptimizerState wrong = {{{"learning_rate", 0.5}, {"0.step", 1.5}, {"momentum", 3}},
                                {{"0.momentum_buffer", ones({3})}, {"1.momentum_buffer", ones({2})}}};
  try {
    optimizer.load_state_dict(wrong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "[load_state_dict] the state does not fit the optimizer:\n"
                 "  0.step 1.5 is no number of steps\n"
                 "  momentum 3 does not belong here\n"
                 "  0.momentum_buffer must be floating, (2,), and is float32 (3,)\n"
                 "  1.momentum_buffer does not belong here");
  }
  EXPECT_EQ(optimizer.learning_rate(), 0.1);
  EXPECT_THROW(optimizer.load_state_dict({{{"learning_rate", -1}}, {}}), Error);
  EXPECT_THROW(optimizer.load_state_dict({{}, {{"0.momentum_buffer", Tensor()}}}), Error);
}

TEST(Optimizer, AdamFindsTheMinimumOfAQuadratic) {
  const Tensor target = from_values({3.0, -1.0, 0.5});
  const Tensor p = zeros({3}, DType::float64).set_requires_grad();
  Adam optimizer({p}, 0.1);
  for (int step = 0; step < 500; ++step) {
    optimizer.zero_grad();
    sum(square(p - target)).backward();
    optimizer.step();
  }
  EXPECT_TRUE(allclose(p.detach(), target, 0, 1e-4));
}

}  // namespace
}  // namespace tenon::optim
