#include <tenon/optim.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::optim {
namespace {

class ScheduleTest : public testing::Test {
 protected:
  Tensor parameter_ = ones({1}).set_requires_grad();
  SGD optimizer_{{parameter_}, 0.4};
};

TEST_F(ScheduleTest, StepLRFallsEveryStepSize) {
  StepLR schedule(optimizer_, 3, 0.5);
  std::vector<double> rates;
  for (int t = 0; t < 8; ++t) {
    rates.push_back(optimizer_.learning_rate());
    schedule.step();
  }
  EXPECT_EQ(rates, (std::vector<double>{0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1}));
  EXPECT_EQ(schedule.steps(), 8);
  EXPECT_EQ(schedule.base_learning_rate(), 0.4);
}

TEST_F(ScheduleTest, CosineLRFallsToItsMinimumAndRisesAgain) {
  CosineLR schedule(optimizer_, 4, 0.1);
  // (1 + cos(pi t / 4)) / 2 at t = 0..8, times 0.3, plus 0.1.
  const double quarter = (1 + std::sqrt(0.5)) / 2;
  const std::vector<double> shares = {1, quarter, 0.5, 1 - quarter, 0, 1 - quarter, 0.5, quarter, 1};
  for (const double share : shares) {
    EXPECT_NEAR(optimizer_.learning_rate(), 0.1 + 0.3 * share, 1e-15) << schedule.steps();
    schedule.step();
  }
}

TEST_F(ScheduleTest, GoesToAnyStep) {
  StepLR schedule(optimizer_, 2);
  schedule.set_steps(5);
  EXPECT_DOUBLE_EQ(optimizer_.learning_rate(), 0.004);
  schedule.set_steps(0);
  EXPECT_EQ(optimizer_.learning_rate(), 0.4);
  EXPECT_THROW(schedule.set_steps(-1), IndexError);
}

TEST_F(ScheduleTest, RefusesWhatMakesNoSchedule) {
  EXPECT_THROW(StepLR(optimizer_, 0), IndexError);
  EXPECT_THROW(StepLR(optimizer_, 2, -0.5), IndexError);
  EXPECT_THROW(CosineLR(optimizer_, 0), IndexError);
  EXPECT_THROW(CosineLR(optimizer_, 5, -1), IndexError);
  EXPECT_THROW(CosineLR(optimizer_, 5, NAN), IndexError);
}

}  // namespace
}  // namespace tenon::optim
