// The spellings of one contraction, and what the compiler reads of them.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/ops.h>

#include <cstring>
#include <type_traits>

#include "../../conformance/backends_under_test.h"
#include "../expect_error.h"
#include "reference.h"

namespace tenon::test {
namespace {

namespace language = einsum_language;

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != DType::float64 || b.dtype() != DType::float64) return false;
  const std::vector<double> left = a.to_vector<double>();
  const std::vector<double> right = b.to_vector<double>();
  return left.empty() || std::memcmp(left.data(), right.data(), left.size() * sizeof(double)) == 0;
}

class EinsumForms : public OnEachBackend {
 protected:
  static Tensor tensor(const Shape& shape) { return random_tensor(shape, DType::float64, 3); }
};
INSTANTIATE_TEST_SUITE_P(Backends, EinsumForms, testing::ValuesIn(built_backends()), backend_test_name);

TEST_P(EinsumForms, GiveTheSameBitsOfABatchedProduct) {
  const Tensor x = tensor({4, 5, 7});
  const Tensor y = tensor({4, 7, 6});
  const Tensor expected = einsum("bik,bkj->bij", x, y);
  EXPECT_TRUE(is_einsum_of(expected, "bik,bkj->bij", std::vector{x, y}));
  const auto [b, i, j, k] = indices<4>();
  EXPECT_TRUE(same_bits(einsum<"bik,bkj->bij">(x, y), expected));
  EXPECT_TRUE(same_bits(einsum({{x, {3, 0, 9}}, {y, {3, 9, 1}}}, {{3, 0, 1}}), expected));
  EXPECT_TRUE(same_bits(einsum(out(b, i, j), x(b, i, k), y(b, k, j)), expected));
}

TEST_P(EinsumForms, GiveTheSameBitsOfAChain) {
  const Tensor x = tensor({3, 5});
  const Tensor y = tensor({5, 4});
  const Tensor z = tensor({4, 2});
  const Tensor expected = einsum("ij,jk,kl->li", x, y, z);
  const auto [i, j, k, l] = indices<4>();
  EXPECT_TRUE(same_bits(einsum<" ij, jk, kl -> li ">(x, y, z), expected));
  EXPECT_TRUE(same_bits(einsum({{x, {0, 1}}, {y, {1, 2}}, {z, {2, 3}}}, {{3, 0}}), expected));
  EXPECT_TRUE(same_bits(einsum(out(l, i), x(i, j), y(j, k), z(k, l)), expected));
}

TEST_P(EinsumForms, GiveTheSameBitsOfATrace) {
  const Tensor x = tensor({4, 4});
  const auto [i] = indices<1>();
  EXPECT_TRUE(same_bits(einsum<"ii">(x), einsum("ii", x)));
  EXPECT_TRUE(same_bits(einsum({{x, {5, 5}}}), einsum("ii", x)));
  EXPECT_TRUE(same_bits(einsum(out(), x(i, i)), einsum("ii", x)));
}

TEST_P(EinsumForms, TakeDotsAsTextAndAsALabel) {
  const Tensor x = tensor({2, 3, 4});
  const Tensor y = tensor({4, 5});
  EXPECT_TRUE(same_bits(einsum<"...k,kj">(x, y), einsum("...k,kj", x, y)));
  EXPECT_TRUE(same_bits(einsum({{x, {kEinsumEllipsis, 7}}, {y, {7, 8}}}), einsum("...k,kj", x, y)));
  EXPECT_TRUE(same_bits(einsum({{x, {kEinsumEllipsis, 7}}, {y, {7, 8}}}, {{8, kEinsumEllipsis}}),
                        einsum("...k,kj->j...", x, y)));
}

TEST_P(EinsumForms, TakeScalars) {
  const Tensor x = tensor({});
  EXPECT_TRUE(same_bits(einsum<"">(x), x));
  EXPECT_TRUE(same_bits(einsum<",->">(x, x), einsum(",", x, x)));
  EXPECT_TRUE(same_bits(einsum({{x, {}}, {x, {}}}), einsum(",", x, x)));
  EXPECT_TRUE(same_bits(einsum(out(), x(), x()), einsum(",", x, x)));
}

TEST_P(EinsumForms, OfIntegersOrderAnImplicitOutputByTheirValue) {
  const Tensor x = tensor({2, 3});
  EXPECT_EQ(einsum({{x, {1001, 1000}}}).shape(), (Shape{3, 2}));
  EXPECT_EQ(einsum({{x, {INT32_MAX, 0}}}).shape(), (Shape{3, 2}));
  EXPECT_EQ(einsum({{x, {0, 52}}, {tensor({3, 4}), {52, 2}}}, {{0, 2}}).shape(), (Shape{2, 4}));
}

TEST_P(EinsumForms, WithIndexObjectsCheckRanksAndShapesWhenTheyRun) {
  const auto [i, j] = indices<2>();
  const Tensor x = tensor({2, 3});
  expect_error<ShapeError>([&, i = i] { einsum(out(i), x(i)); }, "[einsum] operand 0 is (2, 3)");
  expect_error<ShapeError>([&, i = i] { einsum(out(i), x(i, i)); }, "[einsum] index 0 is twice in operand 0");
  expect_error<ShapeError>([&, i = i, j = j] { einsum(out(i), x(i, j), tensor({2})(j)); },
                           "[einsum] index 1 is 3 in operand 0 and 2 in operand 1");
}

TEST_P(EinsumForms, OfTheCompilerCheckShapesWithACaret) {
  expect_error<ShapeError>(
      [] {
        einsum<"ij,jk">(tensor({2, 3}), tensor({4, 5}));
      },
      "[einsum] index j is 3 in operand 0 and 4 in operand 1\n  ij,jk\n     ^");
}

// ---- read by the compiler ----

TEST(EinsumIndices, OfTwoCallsDiffer) {
  const auto [i, j] = indices<2>();
  const auto [k, l] = indices<2>();
  static_assert(!std::is_same_v<decltype(i), decltype(j)>);
  static_assert(!std::is_same_v<decltype(i), decltype(k)>);
  static_assert(!std::is_same_v<decltype(j), decltype(l)>);
  const Tensor x = ones({2, 3});
  EXPECT_EQ(einsum(out(i, k, l), x(i, j), x(k, l)).shape(), (Shape{2, 2, 3}));
}

template <language::Literal Equation>
constexpr const auto& kRead = language::kParsed<Equation>;

// The complete tokens of an equation spell another one.
template <language::Literal Equation>
constexpr bool reads_as(std::string_view letters) {
  const auto& read = kRead<Equation>;
  if (read.result.fault != language::Fault::none || read.result.tokens != letters.size()) return false;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const language::Token token = letters[i] == '.'   ? language::kEllipsis
                                  : letters[i] == ',' ? language::kComma
                                  : letters[i] == '>' ? language::kArrow
                                                      : letters[i];
    if (read.tokens[i] != token) return false;
  }
  return true;
}

static_assert(reads_as<"bik,bkj->bij">("bik,bkj>bij"));
static_assert(reads_as<"kj , ik">("kj,ik>ij"));
static_assert(reads_as<"...k, k">(".k,k>."));
static_assert(reads_as<"bAa">("bAa>Aab"));
static_assert(reads_as<"">(">"));
static_assert(reads_as<" , ">(",>"));
static_assert(reads_as<"i...i->">("i.i>"));

template <language::Literal Equation>
constexpr bool fails(language::Fault fault, std::size_t at) {
  return kRead<Equation>.result.fault == fault && kRead<Equation>.result.at == at;
}

static_assert(fails<"ij,j%">(language::Fault::stray_character, 4));
static_assert(fails<"i..">(language::Fault::stray_dot, 1));
static_assert(fails<"ij - i">(language::Fault::half_arrow, 3));
static_assert(fails<"i -> i -> i">(language::Fault::second_arrow, 7));
static_assert(fails<"i -> i, i">(language::Fault::comma_in_output, 6));
static_assert(fails<"... i ...">(language::Fault::second_ellipsis, 6));
static_assert(fails<"ij -> ii">(language::Fault::repeated_output, 7));
static_assert(fails<"ij->ik">(language::Fault::unknown_output, 5));

static_assert(language::operand_count(kRead<"a,b,,c">.tokens.data(), kRead<"a,b,,c">.result.tokens) == 4);
static_assert(language::operand_count(kRead<"">.tokens.data(), kRead<"">.result.tokens) == 1);

}  // namespace
}  // namespace tenon::test
