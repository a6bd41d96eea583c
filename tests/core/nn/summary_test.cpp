#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

namespace tenon::nn {
namespace {

Sequential& add_layers(Sequential& model) {
  return model.add(std::make_shared<Flatten>())
      .add("fc1", std::make_shared<Linear>(784, 50))
      .add(std::make_shared<ReLU>())
      .add(std::make_shared<Dropout>(0.1))
      .add("fc2", std::make_shared<Linear>(50, 10, false));
}

TEST(Summary, ListsModulesParametersAndTotals) {
  Sequential model;
  add_layers(model);
  EXPECT_EQ(model.summary(),
            "Name   Type                                                 Parameters\n"
            "(all)  Sequential\n"
            "0      Flatten(start_dim=1, end_dim=-1)\n"
            "fc1    Linear(in_features=784, out_features=50, bias=True)      39,250\n"
            "2      ReLU\n"
            "3      Dropout(p=0.1)\n"
            "fc2    Linear(in_features=50, out_features=10, bias=False)         500\n"
            "39,750 parameters (155.3 KiB), 39,750 of them trainable\n");
}

TEST(Summary, AddsOutputShapesAndBackends) {
  Sequential model;
  add_layers(model);
  model.get_module("fc1").to("naive");
  model.get_module("fc2").set_requires_grad(false);
  EXPECT_EQ(model.summary({32, 28, 28}),
            "Name   Type                                                 Output     Parameters  Backend\n"
            "(all)  Sequential                                           (32, 10)\n"
            "0      Flatten(start_dim=1, end_dim=-1)                     (32, 784)\n"
            "fc1    Linear(in_features=784, out_features=50, bias=True)  (32, 50)       39,250  naive\n"
            "2      ReLU                                                 (32, 50)\n"
            "3      Dropout(p=0.1)                                       (32, 50)\n"
            "fc2    Linear(in_features=50, out_features=10, bias=False)  (32, 10)          500\n"
            "39,750 parameters (155.3 KiB), 39,250 of them trainable\n");
}

TEST(Summary, LeavesTheModelAsItWas) {
  Sequential model;
  add_layers(model);
  model[3].eval();
  const std::uint64_t offset = default_generator().offset();
  (void)model.summary({1, 28, 28});
  EXPECT_EQ(default_generator().offset(), offset) << "evaluation mode draws no mask";
  EXPECT_TRUE(model.is_training());
  EXPECT_TRUE(model[0].is_training());
  EXPECT_FALSE(model[3].is_training());
  EXPECT_TRUE(model[4].is_training());
  EXPECT_THROW((void)model.summary({1, 27, 28}), ShapeError);
  EXPECT_TRUE(model.is_training());
  EXPECT_FALSE(model[3].is_training());
}

TEST(Summary, CountsBuffersApart) {
  struct Counting : Module {
    Counting() { register_buffer("steps", zeros({3}, DType::int64)); }
    Tensor forward(const Tensor& x) override { return x; }
  };
  EXPECT_EQ(Counting().summary(),
            "Name   Type      Parameters\n"
            "(all)  Counting\n"
            "0 parameters (0 bytes), 0 of them trainable; 3 elements in buffers\n");
}

}  // namespace
}  // namespace tenon::nn
