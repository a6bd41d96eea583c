// What einsum says about an equation that is wrong, letter by letter, and what it does with extreme ones.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <string>
#include <vector>

#include "../expect_error.h"
#include "reference.h"

namespace tenon::test {
namespace {

std::vector<Tensor> zeros_of(std::span<const Shape> shapes) {
  std::vector<Tensor> tensors;
  for (const Shape& shape : shapes) tensors.push_back(zeros(shape));
  return tensors;
}

template <typename Call>
std::string shape_error(Call&& call) {
  try {
    call();
  } catch (const ShapeError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

std::string error_of(std::string_view equation, std::vector<Shape> shapes) {
  return shape_error([&] { einsum(equation, zeros_of(shapes)); });
}

struct WrongEquation {
  const char* equation;
  std::vector<Shape> shapes;
  const char* message;
};

void expect_messages(std::span<const WrongEquation> rows) {
  for (const WrongEquation& row : rows) EXPECT_EQ(error_of(row.equation, row.shapes), row.message);
}

TEST(EinsumErrors, PointAtACharacterThatIsNotOfTheLanguage) {
  const WrongEquation rows[] = {
      {"ij,jk%->ik",
       {{2, 2}, {2, 2}},
       "[einsum] '%' is no letter, ',', '...' or '->'\n  ij,jk%->ik\n       ^"},
      {"1", {{2}}, "[einsum] '1' is no letter, ',', '...' or '->'\n  1\n  ^"},
      {"ij->i_", {{2, 2}}, "[einsum] '_' is no letter, ',', '...' or '->'\n  ij->i_\n       ^"},
      {"i\nj", {{2, 2}}, "[einsum] the byte 0x0a is no letter, ',', '...' or '->'\n  i?j\n   ^"},
      {"\xCE\xB1\xCE\xB2", {{2, 2}}, "[einsum] the byte 0xce is no letter, ',', '...' or '->'\n  ????\n  ^"},
  };
  expect_messages(rows);
  EXPECT_EQ(error_of(std::string_view("i\0j", 3), {{2, 2}}),
            "[einsum] the byte 0x00 is no letter, ',', '...' or '->'\n  i?j\n   ^");
}

TEST(EinsumErrors, PointAtDotsThatAreNotThree) {
  const WrongEquation rows[] = {
      {"i..", {{2}}, "[einsum] dots come in threes: '...'\n  i..\n   ^"},
      {".", {{2}}, "[einsum] dots come in threes: '...'\n  .\n  ^"},
      {"i....", {{2}}, "[einsum] dots come in threes: '...'\n  i....\n      ^"},
      {". ..", {{2}}, "[einsum] dots come in threes: '...'\n  . ..\n  ^"},
      {"j->..j", {{2}}, "[einsum] dots come in threes: '...'\n  j->..j\n     ^"},
      {"... i...", {{2}}, "[einsum] '...' occurs twice in one term\n  ... i...\n       ^"},
      {"......", {{2}}, "[einsum] '...' occurs twice in one term\n  ......\n     ^"},
      {"...i->...i...", {{2}}, "[einsum] '...' occurs twice in one term\n  ...i->...i...\n            ^"},
  };
  expect_messages(rows);
}

TEST(EinsumErrors, PointAtArrows) {
  const WrongEquation rows[] = {
      {"ij-", {{2, 2}}, "[einsum] '->' is incomplete\n  ij-\n    ^"},
      {"ij>ji", {{2, 2}}, "[einsum] '->' is incomplete\n  ij>ji\n    ^"},
      {"ij- >ji", {{2, 2}}, "[einsum] '->' is incomplete\n  ij- >ji\n    ^"},
      {"ij->j->i", {{2, 2}}, "[einsum] '->' occurs twice\n  ij->j->i\n       ^"},
      {"->->", {{}}, "[einsum] '->' occurs twice\n  ->->\n    ^"},
      {"ij->i,j", {{2, 2}}, "[einsum] the output is one term, without ','\n  ij->i,j\n       ^"},
  };
  expect_messages(rows);
}

TEST(EinsumErrors, PointAtTheOutput) {
  const WrongEquation rows[] = {
      {"ij->jij", {{2, 2}}, "[einsum] index 'j' occurs twice in the output\n  ij->jij\n        ^"},
      {"ij , jk -> i l",
       {{2, 2}, {2, 2}},
       "[einsum] output index 'l' is in no operand\n  ij , jk -> i l\n               ^"},
      {"->i", {{}}, "[einsum] output index 'i' is in no operand\n  ->i\n    ^"},
  };
  expect_messages(rows);
}

TEST(EinsumErrors, PointAtTheFirstTermThatIsTooManyOrTooFew) {
  const WrongEquation rows[] = {
      {"ij,jk->ik", {{2, 2}}, "[einsum] the equation is of 2 operands, 1 was given\n  ij,jk->ik\n     ^"},
      {"ij->ij", {{2, 2}, {2, 2}}, "[einsum] the equation is of 1 operand, 2 were given\n  ij->ij\n      ^"},
      {"ij", {{2, 2}, {2, 2}}, "[einsum] the equation is of 1 operand, 2 were given\n  ij\n    ^"},
      {"i,", {{2}}, "[einsum] the equation is of 2 operands, 1 was given\n  i,\n    ^"},
      {"i", {}, "[einsum] the equation is of 1 operand, 0 were given\n  i\n  ^"},
      {"", {}, "[einsum] the equation is of 1 operand, 0 were given"},
  };
  expect_messages(rows);
}

TEST(EinsumErrors, PointAtTheTermOfAnOperandOfAnotherRank) {
  const WrongEquation rows[] = {
      {"ij,jk->ik",
       {{2, 2}, {2}},
       "[einsum] operand 1 is (2,): it has 1 axis, its term names 2\n  ij,jk->ik\n     ^"},
      {"i",
       {{2, 3}},
       "[einsum] operand 0 is (2, 3): it has 2 axes, its term names 1 and has no '...'\n  i\n  ^"},
      {"i , ij...",
       {{2}, {2}},
       "[einsum] operand 1 is (2,): it has 1 axis, its term names 2\n  i , ij...\n      ^"},
      {",i",
       {{2}, {2}},
       "[einsum] operand 0 is (2,): it has 1 axis, its term names 0 and has no '...'\n  ,i\n  ^"},
      {"i,,j",
       {{2}, {2}, {2}},
       "[einsum] operand 1 is (2,): it has 1 axis, its term names 0 and has no '...'\n  i,,j\n    ^"},
      {"i", {{}}, "[einsum] operand 0 is (): it has 0 axes, its term names 1\n  i\n  ^"},
  };
  expect_messages(rows);
}

TEST(EinsumErrors, PointAtTheIndexWhoseExtentsDisagree) {
  const WrongEquation rows[] = {
      {"ij,jk->ik",
       {{2, 3}, {4, 5}},
       "[einsum] index j is 3 in operand 0 and 4 in operand 1\n  ij,jk->ik\n     ^"},
      {"ij,kj,lj",
       {{2, 1}, {4, 5}, {4, 0}},
       "[einsum] index j is 5 in operand 1 and 0 in operand 2\n  ij,kj,lj\n         ^"},
      {"iji", {{2, 3, 4}}, "[einsum] index i is twice in operand 0, on axes of 2 and 4\n  iji\n    ^"},
      {"ii", {{1, 3}}, "[einsum] index i is twice in operand 0, on axes of 1 and 3\n  ii\n   ^"},
      {"...i,...i",
       {{2, 3, 4}, {5, 4}},
       "[einsum] index ...1 is 3 in operand 0 and 5 in operand 1\n  ...i,...i\n       ^"},
  };
  expect_messages(rows);
}

TEST(EinsumErrors, OfALongEquationShowTheNeighbourhood) {
  std::string equation(60, 'a');
  equation += '%';
  equation += std::string(60, 'b');
  EXPECT_EQ(error_of(equation, {{}}), "[einsum] '%' is no letter, ',', '...' or '->'\n  ..." +
                                          std::string(40, 'a') + "%" + std::string(39, 'b') + "...\n  " +
                                          std::string(43, ' ') + "^");
}

TEST(EinsumErrors, OfIntegerLabelsSayThem) {
  const Tensor x = zeros({2, 3});
  EXPECT_EQ(shape_error([&] { einsum({{x, {0, -2}}}); }), "[einsum] label -2 is negative");
  EXPECT_EQ(shape_error([&] { einsum({{x, {0, 1}}}, {{-3}}); }), "[einsum] label -3 is negative");
  EXPECT_EQ(shape_error([&] { einsum({{x, {0, INT32_MIN}}}); }), "[einsum] label -2147483648 is negative");
  EXPECT_EQ(shape_error([&] {
              einsum({{x, {0, 97}}}, {{97, 97}});
            }),
            "[einsum] index 97 occurs twice in the output");
  EXPECT_EQ(shape_error([&] { einsum({{x, {0, 1}}}, {{65}}); }), "[einsum] output index 65 is in no operand");
  EXPECT_EQ(shape_error([&] {
              einsum({{x, {7, 7}}});
            }),
            "[einsum] index 7 is twice in operand 0, on axes of 2 and 3");
  EXPECT_EQ(shape_error([&] {
              einsum({{x, {0, 98}}, {x, {98, 1}}});
            }),
            "[einsum] index 98 is 3 in operand 0 and 2 in operand 1");
  EXPECT_EQ(shape_error([&] {
              einsum({{x, {0}}});
            }),
            "[einsum] operand 0 is (2, 3): it has 2 axes, its term names 1 and has no '...'");
  EXPECT_EQ(shape_error([&] {
              einsum({{x, {kEinsumEllipsis, kEinsumEllipsis}}});
            }),
            "[einsum] '...' occurs twice in one term");
  EXPECT_EQ(shape_error([] { einsum(std::span<const EinsumOperand>()); }), "[einsum] there is no operand");
}

TEST(EinsumErrors, OfMoreAxesThanATensorHas) {
  const Shape thin(17, 1);
  EXPECT_EQ(error_of("abcdefghijklmnopq,rstuvwxyzABCDEFGH", {thin, thin}),
            "[einsum] the output has 34 axes, 32 are the most\n  abcdefghijklmnopq,rstuvwxyzABCDEFGH\n  " +
                std::string(35, ' ') + "^");
  EXPECT_EQ(
      error_of("abcdefghijklmnopq,rstuvwxyzABCDEFGH->Habcdefghijklmnopqrstuvwxyz...ABCDEFG", {thin, thin}),
      "[einsum] the output has 34 axes, 32 are the most\n  "
      "abcdefghijklmnopq,rstuvwxyzABCDEFGH->Habcdefghijklmnopqrstuvwxyz...ABCDEFG\n  " +
          std::string(37, ' ') + "^");
}

TEST(EinsumErrors, OfDTypes) {
  const Tensor truth = zeros({2}, DType::boolean);
  expect_error<DTypeError>([&] { einsum("i,i->i", truth, truth); }, "[einsum]", "bool");
  expect_error<DTypeError>([&] { einsum("i->i", truth); }, "[einsum]", "bool");
  EXPECT_THROW(einsum("i,i", Tensor(), truth), Error);
  EXPECT_THROW(einsum("i", Tensor()), Error);
}

TEST(EinsumErrors, OfAnIntermediateResultOfTooManyAxes) {
  // Any two of the three have 48 letters, of which at most 8 are summed.
  const std::string p = "abcdefghijklmnop";
  const std::string q = "qrstuvwxyzABCDEF";
  const std::string r = "GHIJKLMNOPQRSTUV";
  const std::string equation =
      p + q + "," + q + r + "," + p + r + "->" + p.substr(8) + q.substr(8) + r.substr(8);
  const Shape none(32, 0);
  EXPECT_EQ(error_of(equation, {none, none, none}),
            "[einsum] an intermediate result has 40 axes, 32 are the most");
}

// ---- extremes ----

TEST(EinsumExtremes, TenThousandCharactersThatMeanNothing) {
  for (const char* const text : {"%", ".", "-", "->", ",", "...", "a", "->a", ",->", "a.", "\xFF", " "}) {
    std::string equation;
    while (equation.size() < 10000) equation += text;
    const std::string message = error_of(equation, {{2}});
    EXPECT_TRUE(message.starts_with("[einsum] ")) << text << ": " << message;
    EXPECT_LT(message.size(), 400U);
  }
}

TEST(EinsumExtremes, TenThousandBlanks) {
  const std::string blanks(5000, ' ');
  const Tensor x = random_tensor({2, 3}, DType::float64, 1);
  EXPECT_TRUE(equal(einsum(blanks + "i" + blanks + "j->ji", x), transpose(x)));
}

TEST(EinsumExtremes, OneLetterForThirtyTwoAxes) {
  const Tensor x = random_tensor(Shape(32, 1), DType::float64, 1);
  EXPECT_EQ(einsum(std::string(32, 'a'), x).item<double>(), x.item<double>());
}

TEST(EinsumExtremes, ThirtyTwoAxes) {
  const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEF";
  Shape shape(32, 1);
  shape[3] = 2;
  shape[30] = 3;
  const Tensor x = random_tensor(shape, DType::float64, 1);
  const std::vector<Tensor> both = {x, x};
  for (const std::string& equation :
       {letters + "," + letters + "->" + letters, letters + "," + letters + "->D",
        letters + "->" + std::string(letters.rbegin(), letters.rend())}) {
    const std::span<const Tensor> operands = std::span(both).first(equation.find(',') < 33 ? 2 : 1);
    EXPECT_TRUE(is_einsum_of(einsum(equation, operands), equation, operands)) << equation;
  }
}

TEST(EinsumExtremes, ExtentsWhoseProductIsBeyondAllIntegers) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  const Tensor tall = zeros({kHuge, 0});
  const Tensor wide = zeros({0, kHuge});
  EXPECT_EQ(einsum("ij,jk->", tall, wide).item<float>(), 0);
  EXPECT_EQ(einsum("iz,jz,kz,lz->z", tall, tall, tall, tall).shape(), Shape{0});
  EXPECT_EQ(einsum("ij,jk,kl,lm->jl", tall, wide, tall, wide).shape(), (Shape{0, 0}));
  EXPECT_THROW(einsum("ij,jk->ik", tall, wide), ShapeError);
  EXPECT_THROW(einsum("ij,jk,kl,lm->im", tall, wide, tall, wide), ShapeError);
  const Tensor repeated = expand(ones({1}), {kHuge});
  EXPECT_THROW(einsum("i,j->ij", repeated, repeated), ShapeError);
}

TEST(EinsumExtremes, AChainOfSixtyOperands) {
  std::vector<EinsumOperand> chain;
  Tensor expected = random_tensor({3, 3}, DType::int64, 0);
  chain.push_back({expected, {0, 1}});
  for (std::int32_t i = 1; i < 60; ++i) {
    const Tensor next = random_tensor({3, 3}, DType::int64, static_cast<std::uint64_t>(i));
    chain.push_back({next, {i, i + 1}});
    expected = matmul(expected, next);
  }
  EXPECT_TRUE(equal(einsum(std::span<const EinsumOperand>(chain), {{0, 60}}), expected));
}

TEST(EinsumExtremes, TenThousandCharactersForFiveThousandOperands) {
  const std::vector<Tensor> vectors(5000, ones({2}));
  std::string equation = "a";
  while (equation.size() < 9999) equation += ",a";
  EXPECT_EQ(einsum(equation, vectors).item<float>(), 2);
}

}  // namespace
}  // namespace tenon::test
