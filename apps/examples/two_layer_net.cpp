// A two-layer network with the backward pass written out, and the same gradients from autograd.
//
//   h = relu(x W1^T + b1)      y = h W2^T + b2      loss = mean((y - t)^2)
#include <tenon/nn.h>
#include <tenon/tenon.h>

#include <cstdio>

namespace {

using tenon::Tensor;

struct Parameters {
  Tensor w1, b1, w2, b2;
};

// The chain rule, from the loss back to the parameters.
Parameters gradients_by_hand(const Parameters& p, const Tensor& x, const Tensor& t) {
  const tenon::NoGrad no_grad;
  const Tensor before = tenon::linear(x, p.w1, p.b1);  // [n, hidden]
  const Tensor h = tenon::relu(before);
  const Tensor y = tenon::linear(h, p.w2, p.b2);  // [n, out]

  const Tensor dy = (y - t) * (2.0 / static_cast<double>(y.size()));
  const Tensor dh = tenon::matmul(dy, p.w2);
  const Tensor dbefore = tenon::where(tenon::gt(before, 0.0), dh, tenon::zeros_like(dh));
  return {tenon::matmul(tenon::transpose(dbefore, 0, 1), x), tenon::sum(dbefore, {0}),
          tenon::matmul(tenon::transpose(dy, 0, 1), h), tenon::sum(dy, {0})};
}

}  // namespace

int main() {
  tenon::manual_seed(0);
  constexpr std::int64_t kImages = 32, kInputs = 20, kHidden = 16, kOutputs = 4;
  const Tensor x = tenon::normal({kImages, kInputs});
  const Tensor t = tenon::normal({kImages, kOutputs});

  const auto first = std::make_shared<tenon::nn::Linear>(kInputs, kHidden);
  const auto second = std::make_shared<tenon::nn::Linear>(kHidden, kOutputs);
  tenon::nn::Sequential network(first, std::make_shared<tenon::nn::ReLU>(), second);
  const Parameters parameters = {first->weight(), first->bias(), second->weight(), second->bias()};

  const Tensor loss = tenon::nn::mse_loss(network(x), t);
  loss.backward();
  std::printf("loss %.6f\n", loss.item<double>());

  const Parameters by_hand = gradients_by_hand(parameters, x, t);
  bool same = true;
  const auto compare = [&](const char* name, const Tensor& parameter, const Tensor& gradient) {
    const auto error = tenon::max(tenon::abs(parameter.grad() - gradient)).item<double>();
    same = same && tenon::allclose(parameter.grad(), gradient, 1e-4, 1e-6);
    std::printf("d loss / d %s %s: largest difference from autograd %.1e\n", name,
                tenon::to_string(parameter.shape()).c_str(), error);
  };
  compare("W1", parameters.w1, by_hand.w1);
  compare("b1", parameters.b1, by_hand.b1);
  compare("W2", parameters.w2, by_hand.w2);
  compare("b2", parameters.b2, by_hand.b2);
  return same ? 0 : 1;
}
