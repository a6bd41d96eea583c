#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <functional>

#include "../../conformance/backends_under_test.h"
#include "gradient_check.h"
#include "values.h"

namespace tenon::nn {
namespace {

using test::expect_values;
using test::varied;

class Layers : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Layers, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Layers, LinearIsXTimesWeightTransposedPlusBias) {
  Linear layer(3, 2);
  layer.load_state_dict({{"weight", from_values({1.F, 2.F, 3.F, -1.F, 0.5F, 0.F}, {2, 3})},
                         {"bias", from_values({10.F, 20.F}, {2})}});
  const Tensor x = from_values({1.F, 0.F, 2.F, -1.F, 4.F, 1.F}, {2, 3});
  expect_values(layer(x), {17, 19, 20, 23});
  // dL/dW = g^T x, dL/db = sum of g over the batch, dL/dx = g W.
  x.set_requires_grad();
  layer(x).backward(from_values({1.F, 2.F, 3.F, -1.F}, {2, 2}));
  expect_values(layer.weight().grad(), {-2, 12, 5, 3, -4, 3});
  expect_values(layer.bias().grad(), {4, 1});
  expect_values(x.grad(), {-1, 3, 3, 4, 5.5, 9});
}

TEST_P(Layers, LinearWithoutBiasHasNone) {
  Linear layer(3, 2, false);
  EXPECT_FALSE(layer.bias().defined());
  EXPECT_EQ(layer.named_parameters().size(), 1U);
  EXPECT_EQ(layer(zeros({4, 3})).shape(), (Shape{4, 2}));
  expect_values(layer(zeros({4, 3})), std::vector<double>(8, 0));
}

TEST_P(Layers, LinearTakesAnyNumberOfBatchAxes) {
  Linear layer(3, 2, true, DType::float64);
  const Tensor x = varied({2, 5, 3});
  const Tensor y = layer(x);
  EXPECT_EQ(y.shape(), (Shape{2, 5, 2}));
  EXPECT_TRUE(allclose(y, matmul(x, transpose(layer.weight())) + layer.bias(), 1e-14, 1e-14));
  EXPECT_EQ(layer(varied({3})).shape(), (Shape{2}));
}

TEST_P(Layers, ActivationsAgreeWithTheirFormulas) {
  const Tensor x = from_values({-2.0, -0.5, 0.0, 0.5, 2.0});
  ReLU rectified;
  Sigmoid logistic;
  Tanh hyperbolic;
  GELU gaussian;
  expect_values(rectified(x), {0, 0, 0, 0.5, 2});
  std::vector<double> sigmoids;
  std::vector<double> tangents;
  std::vector<double> gelus;
  for (const double v : x.to_vector<double>()) {
    sigmoids.push_back(1 / (1 + std::exp(-v)));
    tangents.push_back(std::tanh(v));
    gelus.push_back(v / 2 * (1 + std::erf(v / std::sqrt(2.0))));
  }
  expect_values(logistic(x), sigmoids);
  expect_values(hyperbolic(x), tangents);
  expect_values(gaussian(x), gelus);
}

TEST_P(Layers, GradientsAgreeWithCentralDifferences) {
  const std::vector<std::pair<std::shared_ptr<Module>, Shape>> layers = {
      {std::make_shared<Linear>(4, 3, true, DType::float64), {5, 4}},
      {std::make_shared<Linear>(4, 3, false, DType::float64), {2, 3, 4}},
      {std::make_shared<ReLU>(), {3, 4}},
      {std::make_shared<Sigmoid>(), {3, 4}},
      {std::make_shared<Tanh>(), {3, 4}},
      {std::make_shared<GELU>(), {3, 4}},
      {std::make_shared<Flatten>(), {2, 3, 4}},
  };
  for (const auto& [layer, shape] : layers) {
    SCOPED_TRACE(layer->type_name());
    test::expect_gradients([&layer = layer](const test::Tensors& x) { return (*layer)(x[0]); },
                           {varied(shape)});
  }
}

TEST_P(Layers, SecondDerivativesAgreeWithCentralDifferences) {
  const std::vector<std::shared_ptr<Module>> layers = {std::make_shared<Sigmoid>(), std::make_shared<Tanh>(),
                                                       std::make_shared<GELU>()};
  for (const auto& layer : layers) {
    SCOPED_TRACE(layer->type_name());
    test::expect_second_derivatives([&layer](const test::Tensors& x) { return (*layer)(x[0]); },
                                    {varied({3, 4})});
  }
}

TEST_P(Layers, DropoutScalesWhatItKeepsAndDropsAboutP) {
  Generator generator(11);
  Dropout layer(0.25, generator);
  const Tensor x = full({100, 1000}, 3.F).set_requires_grad();
  const Tensor y = layer(x);
  std::int64_t dropped = 0;
  for (const float v : y.to_vector<float>()) {
    if (v == 0)
      ++dropped;
    else
      ASSERT_EQ(v, 4.F);
  }
  // Binomial: sigma = sqrt(n p (1 - p)) = 137; five of them.
  EXPECT_NEAR(static_cast<double>(dropped), 25000, 685);
  y.backward(ones_like(y));
  EXPECT_TRUE(equal(x.grad(), y.detach() / 3));
}

TEST_P(Layers, DropoutRepeatsWithItsGeneratorAndIsTheIdentityInEvaluation) {
  Generator generator(5);
  Dropout layer(0.5, generator);
  const Tensor x = varied({64});
  const Tensor first = layer(x);
  EXPECT_FALSE(equal(first, layer(x))) << "each call draws anew";
  generator.seed(5);
  EXPECT_TRUE(equal(first, layer(x)));
  layer.eval();
  EXPECT_TRUE(layer(x).is_same(x));
}

TEST_P(Layers, DropoutTakesTheExtremes) {
  const Tensor x = varied({64});
  Dropout none(0);
  Dropout every(1);
  EXPECT_TRUE(equal(none(x), x));
  expect_values(every(x), std::vector<double>(64, 0), 0);
  EXPECT_THROW(Dropout(-0.1), IndexError);
  EXPECT_THROW(Dropout(1.5), IndexError);
  EXPECT_THROW(Dropout{NAN}, IndexError);
}

TEST_P(Layers, DropoutHasTheGradientOfItsMask) {
  const auto f = [](const test::Tensors& x) {
    Generator generator(3);
    return dropout(x[0], 0.5, true, generator);
  };
  test::expect_gradients(f, {varied({40})});
}

TEST(Flatten, JoinsTheAxesItIsToldTo) {
  const Tensor x = zeros({2, 3, 4, 5});
  EXPECT_EQ(Flatten()(x).shape(), (Shape{2, 60}));
  EXPECT_EQ(Flatten(0)(x).shape(), (Shape{120}));
  EXPECT_EQ(Flatten(1, 2)(x).shape(), (Shape{2, 12, 5}));
  EXPECT_THROW(Flatten(7)(x), IndexError);
}

TEST(Linear, RefusesWhatItCannotBe) {
  EXPECT_THROW(Linear(0, 3), ShapeError);
  EXPECT_THROW(Linear(3, -1), ShapeError);
  EXPECT_THROW(Linear(3, 2, true, DType::int32), DTypeError);
  Linear layer(3, 2);
  EXPECT_THROW(layer(zeros({4, 5})), ShapeError);
}

TEST(Sequential, RunsItsLayersInOrder) {
  const auto first = std::make_shared<Linear>(4, 3);
  const auto last = std::make_shared<Linear>(3, 2);
  Sequential model(first, std::make_shared<ReLU>(), last);
  const Tensor x = uniform({5, 4});
  EXPECT_TRUE(equal(model(x), (*last)(relu((*first)(x)))));
  ASSERT_EQ(model.size(), 3U);
  EXPECT_EQ(&model[0], first.get());
  EXPECT_EQ(&model[-1], last.get());
  EXPECT_THROW((void)model[3], IndexError);
  EXPECT_THROW((void)model[-4], IndexError);
}

TEST(Sequential, NamesItsLayersByPositionOrAsTold) {
  Sequential model(std::make_shared<Linear>(2, 2, false));
  model.add("head", std::make_shared<Linear>(2, 1, false)).add(std::make_shared<ReLU>());
  std::vector<std::string> names;
  for (const auto& [name, child] : model.named_children()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"0", "head", "2"}));
  EXPECT_THROW(model.add("head", std::make_shared<ReLU>()), Error);
  EXPECT_THROW(model.add(nullptr), Error);
  EXPECT_EQ(model.size(), 3U);
  Sequential named({{"a", std::make_shared<ReLU>()}, {"b", std::make_shared<Tanh>()}});
  EXPECT_EQ(named.get_module("b").type_name(), "Tanh");
  Sequential none;
  const Tensor x = ones({2});
  EXPECT_TRUE(none(x).is_same(x));
}

}  // namespace
}  // namespace tenon::nn
