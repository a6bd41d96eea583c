#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace tenon::nn {
namespace {

std::shared_ptr<Sequential> make_model() {
  return std::make_shared<Sequential>(std::make_shared<Linear>(4, 3), std::make_shared<ReLU>(),
                                      std::make_shared<Linear>(3, 2));
}

StateDict copied(const StateDict& state) {
  StateDict copies;
  for (const auto& [name, tensor] : state) copies.emplace_back(name, clone(tensor));
  return copies;
}

TEST(StateDict, SharesMemoryAndHasNoHistory) {
  const auto model = make_model();
  for (const auto& [name, tensor] : model->state_dict()) {
    EXPECT_FALSE(tensor.requires_grad());
    const NoGrad no_grad;
    fill_(tensor, 3);
  }
  for (const Tensor& parameter : model->parameters()) {
    EXPECT_TRUE(equal(parameter.detach(), full_like(parameter, 3)));
  }
}

TEST(StateDict, GoesIntoAnotherModelOfTheSameForm) {
  const auto from = make_model();
  const auto to = make_model();
  const Tensor x = uniform({5, 4});
  ASSERT_FALSE(equal((*from)(x), (*to)(x)));
  const std::vector<Tensor> before = to->parameters();
  StateDict state = from->state_dict();
  std::ranges::reverse(state);  // the order does not matter
  to->load_state_dict(state);
  EXPECT_TRUE(equal((*from)(x), (*to)(x)));
  const std::vector<Tensor> after = to->parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(before[i].is_same(after[i])) << "an optimizer's handles stay valid";
    EXPECT_TRUE(after[i].requires_grad());
    EXPECT_NE(after[i].storage(), from->parameters()[i].storage()) << "values are copied";
  }
}

TEST(StateDict, CastsBetweenFloatingDTypes) {
  const auto from = make_model();
  const auto to = make_model();
  from->to(DType::float64);
  to->load_state_dict(from->state_dict());
  EXPECT_TRUE(equal(to->parameters()[0].detach(), astype(from->parameters()[0].detach(), DType::float32)));
}

TEST(StateDict, ListsEveryFaultAndChangesNothing) {
  const auto model = make_model();
  const StateDict before = copied(model->state_dict());
  const StateDict wrong = {{"0.weight", zeros({4, 3})},
                           {"0.bias", zeros({3}, DType::int64)},
                           {"2.weight", zeros({2, 3})},
                           {"2.gain", zeros({2})}};
  try {
    model->load_state_dict(wrong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "[load_state_dict] the state does not fit Sequential:\n"
                 "  0.weight is (4, 3), must be (3, 4)\n"
                 "  0.bias is int64, must be float32\n"
                 "  2.gain is unexpected\n"
                 "  2.bias is missing");
  }
  const StateDict after = model->state_dict();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(equal(before[i].second, after[i].second));
}

TEST(StateDict, RefusesNamesGivenTwiceAndUndefinedTensors) {
  const auto model = std::make_shared<Linear>(2, 1, false);
  EXPECT_THROW(model->load_state_dict({{"weight", ones({1, 2})}, {"weight", zeros({1, 2})}}), Error);
  EXPECT_THROW(model->load_state_dict({{"weight", Tensor()}}), Error);
  EXPECT_THROW(model->load_state_dict({}), Error);
}

TEST(StateDict, NotStrictTakesWhatFitsButStillChecksIt) {
  const auto model = make_model();
  const Tensor other = clone(model->parameters()[2].detach());
  model->load_state_dict({{"0.bias", full({3}, 9.F)}, {"unknown", zeros({7})}}, false);
  EXPECT_TRUE(equal(model->parameters()[1].detach(), full({3}, 9.F)));
  EXPECT_TRUE(equal(model->parameters()[2].detach(), other));
  EXPECT_THROW(model->load_state_dict({{"0.bias", zeros({4})}}, false), Error);
}

}  // namespace
}  // namespace tenon::nn
