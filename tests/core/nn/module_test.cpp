#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

#include <map>

#include "../../conformance/backends_under_test.h"

namespace tenon::nn {
namespace {

// Two layers, a parameter and a buffer of its own.
class Net : public Module {
 public:
  using Module::register_buffer;
  using Module::register_module;
  using Module::register_parameter;

  std::shared_ptr<Linear> fc1 = register_module("fc1", std::make_shared<Linear>(4, 3));
  std::shared_ptr<Sequential> tail = register_module(
      "tail", std::make_shared<Sequential>(std::make_shared<ReLU>(), std::make_shared<Linear>(3, 2, false)));
  Tensor& scale = register_parameter("scale", ones({2}));
  Tensor& count = register_buffer("count", zeros({}, DType::int64));

 protected:
  Tensor forward(const Tensor& x) override { return (*tail)((*fc1)(x)) * scale; }
};

std::vector<std::string> names_of(const StateDict& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

TEST(Module, NamesItsParametersInTheOrderOfRegistration) {
  Net net;
  EXPECT_EQ(names_of(net.named_parameters()),
            (std::vector<std::string>{"scale", "fc1.weight", "fc1.bias", "tail.1.weight"}));
  EXPECT_EQ(names_of(net.named_parameters(false)), (std::vector<std::string>{"scale"}));
  EXPECT_EQ(names_of(net.named_buffers()), (std::vector<std::string>{"count"}));
  EXPECT_EQ(names_of(net.state_dict()),
            (std::vector<std::string>{"scale", "count", "fc1.weight", "fc1.bias", "tail.1.weight"}));
  EXPECT_EQ(net.parameter_count(), 2 + 12 + 3 + 6);
  EXPECT_TRUE(net.parameters()[1].is_same(net.fc1->weight()));
  for (const Tensor& parameter : net.parameters()) EXPECT_TRUE(parameter.requires_grad());
}

TEST(Module, NamesItsModulesParentsFirst) {
  Net net;
  std::vector<std::string> names;
  for (const auto& [name, module] : net.named_modules()) names.push_back(name + ":" + module->type_name());
  EXPECT_EQ(names, (std::vector<std::string>{":Net", "fc1:Linear", "tail:Sequential", "tail.0:ReLU",
                                             "tail.1:Linear"}));
  EXPECT_EQ(&net.get_module("tail.1"), &(*net.tail)[1]);
  EXPECT_EQ(&net.get_module(""), &net);
  try {
    (void)net.get_module("tail.2");
    FAIL();
  } catch (const IndexError& error) {
    EXPECT_STREQ(error.what(), "[get_module] Net has no module 'tail.2'; it has: fc1, tail, tail.0, tail.1");
  }
}

TEST(Module, ListsSharedPartsOnceButSavesThemUnderEachName) {
  const auto shared = std::make_shared<Linear>(2, 2, false);
  Sequential model(shared, std::make_shared<ReLU>(), shared);
  EXPECT_EQ(names_of(model.named_parameters()), (std::vector<std::string>{"0.weight"}));
  EXPECT_EQ(names_of(model.state_dict()), (std::vector<std::string>{"0.weight", "2.weight"}));
  EXPECT_EQ(model.named_modules().size(), 3U);
}

TEST(Module, RefusesNamesThatAreTakenOrNone) {
  Net net;
  for (const std::string name : {"fc1", "scale", "count", "", "a.b"}) {
    SCOPED_TRACE(name);
    EXPECT_THROW(net.register_parameter(name, ones({2})), Error);
    EXPECT_THROW(net.register_buffer(name, ones({2})), Error);
    EXPECT_THROW(net.register_module(name, std::make_shared<ReLU>()), Error);
  }
  EXPECT_EQ(net.state_dict().size(), 5U);
}

TEST(Module, RefusesNullUndefinedAndCycles) {
  const auto net = std::make_shared<Net>();
  EXPECT_THROW(net->register_module("none", std::shared_ptr<Linear>()), Error);
  EXPECT_THROW(net->register_parameter("none", Tensor()), Error);
  EXPECT_THROW(net->register_buffer("none", Tensor()), Error);
  EXPECT_THROW(net->register_parameter("none", ones({2}, DType::int64)), DTypeError);
  EXPECT_THROW(net->tail->add(net), Error);
  EXPECT_THROW(net->register_module("self", net), Error);
  EXPECT_EQ(net->named_modules().size(), 5U);
}

TEST(Module, RegistrationLeavesEarlierReferencesValid) {
  Net net;
  const Tensor* const first = &net.scale;
  for (int i = 0; i < 100; ++i) net.register_parameter(std::string("p").append(std::to_string(i)), ones({1}));
  EXPECT_EQ(first, &net.scale);
  EXPECT_EQ(net.scale.shape(), (Shape{2}));
}

TEST(Module, TrainAndEvalReachAllBelow) {
  Net net;
  const auto modes = [&] {
    std::vector<bool> found;
    for (const auto& [name, module] : net.named_modules()) found.push_back(module->is_training());
    return found;
  };
  EXPECT_EQ(modes(), std::vector<bool>(5, true));
  net.eval();
  EXPECT_EQ(modes(), std::vector<bool>(5, false));
  net.tail->train();
  EXPECT_EQ(modes(), (std::vector<bool>{false, false, true, true, true}));
}

TEST(Module, ZeroGradForgetsAndRequiresGradFreezes) {
  Net net;
  sum(net(ones({1, 4}))).backward();
  EXPECT_TRUE(net.fc1->weight().grad().defined());
  net.zero_grad();
  for (const Tensor& parameter : net.parameters()) EXPECT_FALSE(parameter.grad().defined());
  net.fc1->set_requires_grad(false);
  sum(net(ones({1, 4}))).backward();
  EXPECT_FALSE(net.fc1->weight().grad().defined());
  EXPECT_TRUE(net.scale.grad().defined());
  net.zero_grad();
}

TEST(Module, CastsFloatingTensorsAndFollowsThem) {
  Net net;
  net.to(DType::float64);
  EXPECT_EQ(net.scale.dtype(), DType::float64);
  EXPECT_EQ(net.fc1->weight().dtype(), DType::float64);
  EXPECT_EQ(net.count.dtype(), DType::int64);
  EXPECT_EQ(net(ones({1, 4}, DType::float64)).dtype(), DType::float64);
  EXPECT_TRUE(net.scale.requires_grad());
  EXPECT_THROW(net.to(DType::int32), DTypeError);
  const auto shared = std::make_shared<Linear>(2, 2, false);
  Sequential tied(shared, shared);
  tied.to(DType::float64);
  EXPECT_EQ(tied.parameters().size(), 1U);
}

// How many primitive ops each backend served since the last reset.
std::map<std::string, std::uint64_t> calls() {
  std::map<std::string, std::uint64_t> sums;
  for (const OpCount& count : op_counts()) sums[count.backend] += count.calls;
  return sums;
}

TEST(ModuleBackend, GoesToAllBelowAndALaterChoiceOfAChildStays) {
  for (const std::string& name : test::usable_backends()) {
    SCOPED_TRACE(name);
    Net net;
    net.to(name);
    for (const auto& [path, module] : net.named_modules()) EXPECT_EQ(module->backend().names(), name);
    net.fc1->to("naive");
    EXPECT_EQ(net.fc1->backend().names(), "naive");
    EXPECT_EQ(net.tail->backend().names(), name);
    net.to(BackendChoice());
    EXPECT_EQ(net.fc1->backend().names(), "");
  }
  EXPECT_THROW(Net().to("no_such_backend"), BackendError);
}

TEST(ModuleBackend, RunsForwardAndBackwardThere) {
  for (const std::string& name : test::usable_backends()) {
    SCOPED_TRACE(name);
    Linear layer(4, 3);
    const Tensor x = uniform({2, 4});
    layer.to(name);
    const use_backend around("naive");
    reset_op_counts();
    const Tensor y = layer(x);
    EXPECT_EQ(calls(), (std::map<std::string, std::uint64_t>{{name, 1}}));
    EXPECT_EQ(current_backend().names(), "naive") << "the choice ends with the call";
    reset_op_counts();
    y.backward(ones_like(y));
    for (const OpCount& count : op_counts()) {
      if (count.op == "matmul") {
        EXPECT_EQ(count.backend, name);
      }
    }
  }
}

TEST(ModuleBackend, AnInnerScopeOverridesTheModule) {
  struct Inner : Module {
    Tensor forward(const Tensor& x) override {
      const use_backend scope("naive");
      EXPECT_EQ(current_backend().names(), "naive");
      return x;
    }
  };
  Inner module;
  for (const std::string& name : test::usable_backends()) {
    module.to(name);
    (void)module(ones({1}));
  }
}

TEST(ModuleBackend, EndsWhereForwardThrows) {
  struct Throwing : Module {
    Tensor forward(const Tensor&) override { throw ShapeError("no"); }
  };
  Throwing module;
  module.to("naive");
  const std::string before = current_backend().names();
  EXPECT_THROW(module(ones({1})), ShapeError);
  EXPECT_EQ(current_backend().names(), before);
}

}  // namespace
}  // namespace tenon::nn
