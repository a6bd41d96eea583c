// einsum_path() and einsum_loops(): what is told of a plan.
#include <gtest/gtest.h>

#include <tenon/einsum.h>
#include <tenon/error.h>

#include <cmath>

namespace tenon::test {
namespace {

using Shapes = std::vector<Shape>;
using Positions = std::vector<std::size_t>;

TEST(EinsumPath, NamesOperandsAsOptEinsumDoes) {
  // np.einsum_path("ij,jk,kl,lm->im", ..., optimize="optimal") contracts (1, 2), (0, 2), (0, 1) here.
  const EinsumPath path = einsum_path("ij,jk,kl,lm->im", Shapes{{100, 2}, {2, 100}, {100, 2}, {2, 300}});
  ASSERT_EQ(path.steps.size(), 3U);
  EXPECT_EQ(path.steps[0].operands, (Positions{1, 2}));
  EXPECT_EQ(path.steps[1].operands, (Positions{0, 2}));
  EXPECT_EQ(path.steps[2].operands, (Positions{0, 1}));
}

TEST(EinsumPath, CountsAMultiplicationAndASummation) {
  EXPECT_EQ(einsum_path("ij,jk->ik", Shapes{{3, 4}, {4, 5}}).flops, 2 * 60);
  EXPECT_EQ(einsum_path("i,j->ij", Shapes{{3}, {4}}).flops, 12);
  EXPECT_EQ(einsum_path("ij->i", Shapes{{3, 4}}).flops, 12);
  EXPECT_EQ(einsum_path("ij->ji", Shapes{{3, 4}}).flops, 0);
  EXPECT_EQ(einsum_path("ij,jk,kl->il", Shapes{{3, 4}, {4, 5}, {5, 6}}).naive_flops, 360 * 3);
}

TEST(EinsumPath, SumsWhatOneOperandAloneHasFirst) {
  const EinsumPath path = einsum_path("ij,k->k", Shapes{{3, 4}, {5}});
  ASSERT_EQ(path.steps.size(), 2U);
  EXPECT_EQ(path.steps[0].equation, "ij->");
  EXPECT_EQ(path.steps[0].operands, (Positions{0}));
  EXPECT_EQ(path.steps[1].equation, ",k->k");
  EXPECT_EQ(path.flops, 12 + 5);
}

TEST(EinsumPath, TheLargestIntermediateIsNeitherAnOperandNorTheResult) {
  EXPECT_EQ(einsum_path("ij,jk,kl->il", Shapes{{2, 30}, {30, 4}, {4, 50}}).largest, 2 * 4);
  EXPECT_EQ(einsum_path("ij,jk->ik", Shapes{{2, 30}, {30, 4}}).largest, 0);
}

TEST(EinsumPath, KeepsWithinAMemoryLimitOrSaysThatItCannot) {
  const Shapes shapes = {{8, 2, 8}, {8, 8}, {8, 2, 8}};
  const EinsumPath free = einsum_path("aib,bc,cjd->aijd", shapes);
  const EinsumPath limited =
      einsum_path("aib,bc,cjd->aijd", shapes, {.memory_limit = static_cast<std::int64_t>(free.largest)});
  EXPECT_LE(limited.largest, free.largest);
  EXPECT_THROW(einsum_path("aib,bc,cjd->aijd", shapes, {.memory_limit = 10}), ShapeError);
}

TEST(EinsumPath, CountsBeyondSixtyFourBits) {
  const std::int64_t n = std::int64_t{1} << 40;
  EXPECT_EQ(einsum_path("ij,jk->ik", Shapes{{n, n}, {n, n}}).flops, std::ldexp(1.0, 121));
  EXPECT_EQ(einsum_path("ij,jk->ik", Shapes{{n, 0}, {0, n}}).flops, 0);
}

TEST(EinsumPath, PrintsATable) {
  EXPECT_EQ(einsum_path("ij,jk,kl->il", Shapes{{2, 30}, {30, 4}, {4, 50}}).to_string(),
            "equation              ij,jk,kl->il\n"
            "operations, one nest  36000\n"
            "operations, this way  1280  (28.1 times fewer)\n"
            "largest intermediate  8 elements\n"
            "\n"
            "step  operands  equation   operations      result\n"
            "   1  0, 1      ij,jk->ik         480           8\n"
            "   2  0, 1      kl,ik->il         800         100\n");
  EXPECT_EQ(einsum_path("ii->i", Shapes{{4, 4}}).to_string(),
            "equation              ii->i\n"
            "operations, one nest  4\n"
            "operations, this way  0\n"
            "largest intermediate  none\n"
            "\nnothing is computed: the result is a view\n");
}

TEST(EinsumPath, ThrowsWhatEinsumThrows) {
  EXPECT_THROW(einsum_path("ij,jk->iz", Shapes{{2, 3}, {3, 4}}), ShapeError);
  EXPECT_THROW(einsum_path("ij,jk->ik", Shapes{{2, 3}, {4, 4}}), ShapeError);
}

TEST(EinsumLoops, HasALoopForEveryIndex) {
  EXPECT_EQ(einsum_loops("ij,jk->ik", Shapes{{3, 4}, {4, 5}}),
            "for i in range(3):                       # free\n"
            "  for k in range(5):                     # free\n"
            "    out[i, k] = 0\n"
            "    for j in range(4):                   # summed\n"
            "      out[i, k] += a[i, j] * b[j, k]\n");
}

TEST(EinsumLoops, ReadsStretchedAxesAtZeroAndScalarsPlainly) {
  EXPECT_EQ(einsum_loops("ij,ij,->", Shapes{{1, 2}, {3, 2}, {}}),
            "out = 0\n"
            "for i in range(3):                       # summed\n"
            "  for j in range(2):                     # summed\n"
            "    out += a[0, j] * b[i, j] * c\n");
  EXPECT_EQ(einsum_loops("ij->ji", Shapes{{2, 3}}),
            "for j in range(3):                       # free\n"
            "  for i in range(2):                     # free\n"
            "    out[j, i] = a[i, j]\n");
}

}  // namespace
}  // namespace tenon::test
