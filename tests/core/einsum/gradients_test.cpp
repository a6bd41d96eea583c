// Derivatives of einsum, the dtypes it gives, and what it leaves on the tape.
#include <gtest/gtest.h>
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <random>

#include "../../conformance/backends_under_test.h"
#include "../expect_error.h"
#include "../gradient_check.h"
#include "random_case.h"
#include "reference.h"

namespace tenon::test {
namespace {

struct GradientCase {
  const char* equation;
  std::vector<Shape> shapes;
};

// Sums, products and broadcasting in every combination that one call or several of the backend's einsum do.
const GradientCase kCases[] = {
    {"ij->ji", {{2, 3}}},
    {"ij->", {{2, 3}}},
    {"ij->j", {{2, 3}}},
    {"ii->", {{3, 3}}},
    {"ii->i", {{3, 3}}},
    {"iij->j", {{2, 2, 3}}},
    {"iji->ji", {{2, 3, 2}}},
    {"iiii->i", {{2, 2, 2, 2}}},
    {"iijj->", {{2, 2, 3, 3}}},
    {"...i->...", {{2, 3, 2}}},
    {"...i->i", {{2, 3, 2}}},
    {"ij->ji", {{1, 3}}},
    {"", {{}}},
    {"ik,kj->ij", {{2, 3}, {3, 4}}},
    {"ki,jk->ji", {{3, 2}, {4, 3}}},
    {"bik,bkj->bij", {{2, 3, 4}, {2, 4, 2}}},
    {"bik,bjk->jbi", {{2, 3, 4}, {2, 2, 4}}},
    {"i,i->", {{4}, {4}}},
    {"i,j->ji", {{3}, {2}}},
    {"i,i->i", {{4}, {4}}},
    {"ij,j->ij", {{2, 3}, {3}}},
    {",i->i", {{}, {3}}},
    {",", {{}, {}}},
    {"i,j->", {{3}, {2}}},
    {"ij,jk->i", {{2, 3}, {3, 2}}},
    {"ij,jk->", {{2, 3}, {3, 2}}},
    {"ii,i->i", {{3, 3}, {3}}},
    {"iij,jkk->ik", {{2, 2, 3}, {3, 2, 2}}},
    {"abcd,cd->ab", {{2, 2, 3, 2}, {3, 2}}},
    {"...ik,...kj->...ij", {{2, 2, 3}, {3, 2}}},
    {"...ik,...kj->...ij", {{2, 1, 2, 3}, {3, 3, 2}}},
    {"...i,...i", {{2, 1, 3}, {1, 4, 3}}},
    {"ij,ij->ij", {{1, 3}, {2, 1}}},
    {"ij,ij->j", {{4, 2}, {1, 2}}},
    {"ij,ij->", {{4, 1}, {1, 2}}},
    {"ii,i->i", {{1, 1}, {3}}},
    {"ij,jk,kl->il", {{2, 3}, {3, 2}, {2, 3}}},
    {"bn,anm,bm->ba", {{2, 3}, {3, 3, 2}, {2, 2}}},
    {"i,i,i->", {{3}, {3}, {3}}},
    {"i,i,i->i", {{3}, {1}, {3}}},
    {"ij,i,j->", {{2, 3}, {2}, {3}}},
    {"ijk,il,jm,kn->lmn", {{2, 2, 2}, {2, 3}, {2, 2}, {2, 1}}},
    {"ii,ij,...j->...", {{2, 2}, {2, 3}, {2, 3}}},
};

Tensors inputs_of(const GradientCase& gradient_case) {
  return random_tensors(gradient_case.shapes, DType::float64, 5);
}

// Squared, so that second derivatives with respect to one operand say something too.
Differentiable function_of(const char* equation) {
  return [equation](const Tensors& x) { return square(einsum(equation, x)) + einsum(equation, x); };
}

class EinsumGradients : public OnEachBackend {
 protected:
  static Tensor counted(const Shape& shape) { return random_tensor(shape, DType::float64, 9); }
};
INSTANTIATE_TEST_SUITE_P(Backends, EinsumGradients, testing::ValuesIn(built_backends()), backend_test_name);

TEST_P(EinsumGradients, AgreeWithCentralDifferences) {
  for (const GradientCase& gradient_case : kCases) {
    SCOPED_TRACE(std::string(gradient_case.equation) + " of " + to_text(gradient_case.shapes));
    ASSERT_NO_THROW(expect_gradients(function_of(gradient_case.equation), inputs_of(gradient_case)));
  }
}

TEST_P(EinsumGradients, CanBeDifferentiatedAgain) {
  for (const GradientCase& gradient_case : kCases) {
    SCOPED_TRACE(std::string(gradient_case.equation) + " of " + to_text(gradient_case.shapes));
    ASSERT_NO_THROW(expect_second_derivatives(function_of(gradient_case.equation), inputs_of(gradient_case)));
  }
}

TEST_P(EinsumGradients, OfTheSameTensorTwiceAdd) {
  for (const char* const equation : {"ij,ij->", "ij,jk->ik", "ij,kj->ik", "ij,ji->i", "ii,ij->j"}) {
    const Differentiable squared = [equation](const Tensors& x) { return einsum(equation, x[0], x[0]); };
    SCOPED_TRACE(equation);
    ASSERT_NO_THROW(expect_gradients(squared, {counted({3, 3})}));
    ASSERT_NO_THROW(expect_second_derivatives(squared, {counted({3, 3})}));
  }
}

TEST_P(EinsumGradients, FlowThroughViewsOfOperands) {
  const auto check = [](const Differentiable& f) {
    ASSERT_NO_THROW(expect_gradients(f, {counted({4, 3}), counted({3, 1})}));
    ASSERT_NO_THROW(expect_second_derivatives(f, {counted({4, 3}), counted({3, 1})}));
  };
  check([](const Tensors& x) { return einsum("ki,kj->ij", transpose(x[0]), expand(x[1], {3, 5})); });
  check([](const Tensors& x) { return einsum("ik,jk->ij", slice(x[0], 0, 1, 4, 2), transpose(x[1])); });
  check([](const Tensors& x) { return einsum("bik,kj->bij", expand(x[0], {2, 4, 3}), x[1]); });
  check([](const Tensors& x) { return einsum("i,i,ij->j", diagonal(x[0]), select(x[1], 1, 0), x[1]); });
}

TEST_P(EinsumGradients, OfOutputsInAnyLayout) {
  ASSERT_NO_THROW(expect_gradients(
      [](const Tensors& x) {
        return einsum("ik,kj->ij", x[0], x[1]) * transpose(einsum("ik,kj->ji", x[0], x[1]));
      },
      {counted({2, 3}), counted({3, 4})}));
  // The gradient of a sum has no strides.
  ASSERT_NO_THROW(expect_gradients([](const Tensors& x) { return sum(einsum("bik,kj->jbi", x[0], x[1])); },
                                   {counted({2, 2, 3}), counted({3, 4})}));
}

TEST_P(EinsumGradients, OfEveryFormAreTheSame) {
  const Tensors x = {counted({2, 3}), counted({3, 4})};
  const auto [i, j, k] = indices<3>();
  expect_gradients([](const Tensors& t) { return einsum<"ik,kj->ij">(t[0], t[1]); }, x);
  expect_gradients([](const Tensors& t) { return einsum({{t[0], {0, 1}}, {t[1], {1, 2}}}); }, x);
  expect_gradients(
      [i = i, j = j, k = k](const Tensors& t) { return einsum(out(i, j), t[0](i, k), t[1](k, j)); }, x);
}

TEST_P(EinsumGradients, OfNoElementsAreZeros) {
  const Tensor x = zeros({2, 0}).set_requires_grad();
  const Tensor y = ones({2, 3}).set_requires_grad();
  sum(einsum("ik,ij->kj", x, y)).backward();
  EXPECT_EQ(x.grad().shape(), (Shape{2, 0}));
  EXPECT_EQ(y.grad().to_vector<float>(), std::vector<float>(6, 0));
}

// Einsum is linear in each operand: <w, einsum(.., v, ..)> = <gradient, v>, and the same once more.
TEST_P(EinsumGradients, OfRandomEquationsAreTheAdjointMap) {
  const auto dot = [](const Tensor& a, const Tensor& b) { return sum(a * b); };
  std::mt19937_64 random(11);
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const RandomCase random_case = test::random_case(random, DType::float64);
    SCOPED_TRACE(random_case.to_text());
    Tensors x = random_case.tensors();
    Tensors moved;
    for (Tensor& each : x) {
      each = each.detach().set_requires_grad();
      moved.push_back(random_tensor(each.shape(), DType::float64, 99 + moved.size()));
    }
    const std::string equation = random_case.equation();
    Tensor output;
    ASSERT_NO_THROW(output = einsum(equation, x));
    const Tensor weights = random_tensor(output.shape(), DType::float64, 98);
    Tensors gradients;
    ASSERT_NO_THROW(gradients = grad(std::span(&output, 1), x, std::span(&weights, 1), true));
    const auto replaced = [&](std::initializer_list<std::size_t> which) {
      const NoGrad no_grad;
      Tensors operands = x;
      for (const std::size_t i : which) operands[i] = moved[i];
      Tensors sizes;
      for (const Tensor& each : operands) sizes.push_back(abs(each));
      const double size = dot(abs(weights), einsum(equation, sizes)).item<double>();
      return std::pair(dot(weights, einsum(equation, operands)).item<double>(), size);
    };
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(gradients[i].shape(), x[i].shape());
      const Tensor along = dot(gradients[i], moved[i]);
      const auto [expected, size] = replaced({i});
      EXPECT_NEAR(along.item<double>(), expected, 1e-12 * size) << "operand " << i;
      if (x.size() < 2) continue;
      const std::size_t j = (i + 1) % x.size();
      Tensors second;
      ASSERT_NO_THROW(second = grad(along, {x[j]}));
      const auto [twice, twice_size] = replaced({i, j});
      EXPECT_NEAR(dot(second[0], moved[j]).item<double>(), twice, 1e-12 * twice_size)
          << "operands " << i << ", " << j;
    }
  }
}

// ---- dtypes ----

class EinsumDTypes : public OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, EinsumDTypes, testing::ValuesIn(built_backends()), backend_test_name);

TEST_P(EinsumDTypes, PromoteToOne) {
  struct Row {
    DType a, b, c, result;
  };
  const Row rows[] = {{DType::int32, DType::float32, DType::float32, DType::float32},
                      {DType::int32, DType::int64, DType::int32, DType::int64},
                      {DType::float64, DType::float32, DType::bfloat16, DType::float64},
                      {DType::bfloat16, DType::int32, DType::int32, DType::bfloat16},
                      {DType::uint8, DType::int32, DType::uint8, DType::int32},
                      {DType::boolean, DType::float32, DType::float32, DType::float32}};
  for (const Row& row : rows) {
    const Tensors x = {astype(view(arange(6), {2, 3}), row.a), astype(view(arange(12), {3, 4}), row.b),
                       astype(view(arange(8), {4, 2}), row.c)};
    const Tensor result = einsum("ij,jk,kl->il", x);
    EXPECT_EQ(result.dtype(), row.result);
    EXPECT_TRUE(is_einsum_of(result, "ij,jk,kl->il", x))
        << name(row.a) << " " << name(row.b) << " " << name(row.c);
  }
}

TEST_P(EinsumDTypes, OfIntegersWrapAround) {
  const Tensor x = full({3}, 1 << 30, DType::int32);
  EXPECT_EQ(einsum("i->", x).dtype(), DType::int32);
  EXPECT_EQ(einsum("i->", x).item<std::int32_t>(), -(1 << 30));
  EXPECT_EQ(einsum("i,i->", x, full({3}, 2, DType::int32)).item<std::int32_t>(), INT32_MIN);
  EXPECT_EQ(einsum("i,i->", full({2}, 200, DType::uint8), full({2}, 2, DType::uint8)).item<std::uint8_t>(),
            32);
}

TEST_P(EinsumDTypes, OfBFloat16AddInFloat32) {
  // 256 + 1 is 256 in bfloat16.
  const Tensor x = astype(concat({full({1}, 256.0), ones({256})}), DType::bfloat16);
  EXPECT_EQ(einsum("i,i->", x, ones({257}, DType::bfloat16)).item<float>(), 512);
  EXPECT_EQ(einsum("i->", x).item<float>(), 512);
}

TEST_P(EinsumDTypes, OfGradientsAreThoseOfTheOperands) {
  const Tensor a = ones({2, 3}, DType::bfloat16).set_requires_grad();
  const Tensor b = ones({3, 2}, DType::float32).set_requires_grad();
  const Tensor n = ones({2}, DType::int32);
  sum(einsum("ij,jk,k->i", a, b, n)).backward();
  EXPECT_EQ(a.grad().dtype(), DType::bfloat16);
  EXPECT_EQ(b.grad().dtype(), DType::float32);
  EXPECT_EQ(a.grad().to_vector<float>(), std::vector<float>(6, 2));
  EXPECT_EQ(b.grad().to_vector<float>(), std::vector<float>(6, 2));
}

// ---- the tape ----

class EinsumTape : public OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, EinsumTape, testing::ValuesIn(built_backends()), backend_test_name);

TEST_P(EinsumTape, HoldsNothingUnderNoGradOrWithoutNeed) {
  const Tensor x = ones({2, 2}).set_requires_grad();
  EXPECT_FALSE(einsum("ij,jk", ones({2, 2}), ones({2, 2})).requires_grad());
  EXPECT_FALSE(einsum("i,i", ones({2}, DType::int64), ones({2}, DType::int64)).requires_grad());
  EXPECT_TRUE(einsum("ij,jk", x, ones({2, 2})).requires_grad());
  const NoGrad no_grad;
  EXPECT_FALSE(einsum("ij,jk", x, x).requires_grad());
  EXPECT_FALSE(einsum("ij->", x).requires_grad());
  EXPECT_FALSE(einsum("ij->ji", x).requires_grad());
}

TEST_P(EinsumTape, PassesOverAViewOfTheOnlyOperand) {
  const Tensor x = view(arange(6) * 1.0, {2, 3}).detach().set_requires_grad();
  const Tensor turned = einsum("ij->ji", x);
  EXPECT_EQ(turned.storage(), x.storage());
  EXPECT_EQ(turned.strides(), (Strides{1, 3}));
  sum(turned * view(arange(6), {3, 2})).backward();
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{0, 2, 4, 1, 3, 5}));
}

TEST_P(EinsumTape, RefusesAnOperandThatWasChangedInPlaceSince) {
  const Tensor x = ones({2, 2}).set_requires_grad();
  const Tensor y = ones({2, 2});
  const Tensor product = einsum("ij,jk->ik", x, y);
  const Tensor chain = einsum("ij,jj,jk->ik", x, y, x);
  const Tensor total = einsum("ij->", x);
  fill_(y, 2);
  for (const Tensor& each : {product, chain}) {
    expect_error<AutogradError>([&] { sum(each).backward(); }, "changed in place");
  }
  EXPECT_NO_THROW(total.backward());
}

}  // namespace
}  // namespace tenon::test
