// What the losses refuse, and how they say it.
#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <gtest/gtest.h>

namespace tenon::nn {
namespace {

template <typename Thrown, typename Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Thrown& error) {
    return error.what();
  }
  return "nothing was thrown";
}

Tensor targets(const Shape& shape) { return zeros(shape, DType::int64); }

TEST(LossErrors, NameBothShapesAndTheAxis) {
  EXPECT_EQ(message_of<ShapeError>([] {
              cross_entropy(zeros({64, 10}), targets({32}));
            }),
            "[cross_entropy] logits (64, 10), targets (32,): axis 0 is 64 and 32");
  EXPECT_EQ(message_of<ShapeError>([] {
              cross_entropy(zeros({4, 10, 6}), targets({4, 5}));
            }),
            "[cross_entropy] logits (4, 10, 6), targets (4, 5): axis 2 of logits is 6, axis 1 of targets 5");
  EXPECT_EQ(message_of<ShapeError>([] {
              nll_loss(zeros({4, 3}), targets({4, 3}));
            }),
            "[nll_loss] log_probabilities (4, 3), targets (4, 3): targets must be (4,)");
  EXPECT_EQ(message_of<ShapeError>([] {
              mse_loss(zeros({4, 3}), zeros({4, 1}));
            }),
            "[mse_loss] prediction (4, 3), target (4, 1): axis 1 is 3 and 1");
  EXPECT_EQ(message_of<ShapeError>([] {
              binary_cross_entropy_with_logits(zeros({4}), zeros({4, 1}));
            }),
            "[binary_cross_entropy_with_logits] logits (4,), targets (4, 1): ranks are 1 and 2");
  EXPECT_EQ(message_of<ShapeError>([] { cross_entropy(zeros({}), targets({})); }),
            "[cross_entropy] logits have no axis of classes");
}

TEST(LossErrors, NameTheDType) {
  EXPECT_EQ(message_of<DTypeError>([] {
              cross_entropy(zeros({4, 3}), zeros({4}));
            }),
            "[cross_entropy] targets are class indices in int32 or int64, not float32");
  EXPECT_THROW(binary_cross_entropy_with_logits(zeros({4}), targets({4})), DTypeError);
}

TEST(LossErrors, NameTheOption) {
  EXPECT_EQ(message_of<ShapeError>([] {
              cross_entropy(zeros({4, 3}), targets({4}), {.weight = ones({4})});
            }),
            "[cross_entropy] weight is (4,), one for each of 3 classes is needed: (3,)");
  for (const double smoothing : {-0.1, 1.1, static_cast<double>(NAN)}) {
    EXPECT_THROW(cross_entropy(zeros({4, 3}), targets({4}), {.label_smoothing = smoothing}), IndexError);
  }
  EXPECT_THROW(dropout(zeros({4}), 2), IndexError);
}

TEST(Reduction, HasNames) {
  EXPECT_EQ(name(Reduction::mean), "mean");
  EXPECT_EQ(name(Reduction::sum), "sum");
  EXPECT_EQ(name(Reduction::none), "none");
}

}  // namespace
}  // namespace tenon::nn
