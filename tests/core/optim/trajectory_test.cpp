// Each optimizer against its formulas, step by step in plain doubles.
#include <tenon/optim.h>
#include <tenon/tenon.h>

#include <cmath>
#include <functional>
#include <memory>

#include "../../conformance/backends_under_test.h"
#include "../nn/values.h"

namespace tenon::optim {
namespace {

constexpr int kSteps = 12;

using Vector = std::vector<double>;

// The gradient at step t: any sequence that changes sign and size.
Vector gradient_at(int t, const Vector& parameter) {
  Vector gradient(parameter.size());
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = std::sin(2.3 * t + 0.7 * static_cast<double>(i)) + 0.1 * parameter[i];
  }
  return gradient;
}

double rate_at(int t) { return t < 6 ? 0.1 : 0.03; }

// PyTorch's documentation of torch.optim.SGD, line by line.
Vector sgd_reference(Vector p, const SGDOptions& o) {
  Vector buffer(p.size());
  for (int t = 0; t < kSteps; ++t) {
    Vector g = gradient_at(t, p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      g[i] += o.weight_decay * p[i];
      if (o.momentum != 0) {
        buffer[i] = t == 0 ? g[i] : o.momentum * buffer[i] + (1 - o.dampening) * g[i];
        g[i] = o.nesterov ? g[i] + o.momentum * buffer[i] : buffer[i];
      }
      p[i] -= rate_at(t) * g[i];
    }
  }
  return p;
}

// torch.optim.Adam and AdamW likewise.
Vector adam_reference(Vector p, const AdamOptions& o, bool decoupled) {
  Vector m(p.size());
  Vector v(p.size());
  for (int t = 0; t < kSteps; ++t) {
    const double rate = rate_at(t);
    Vector g = gradient_at(t, p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (decoupled) {
        p[i] -= rate * o.weight_decay * p[i];
      } else {
        g[i] += o.weight_decay * p[i];
      }
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * g[i];
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(o.beta1, t + 1));
      const double v_hat = v[i] / (1 - std::pow(o.beta2, t + 1));
      p[i] -= rate * m_hat / (std::sqrt(v_hat) + o.eps);
    }
  }
  return p;
}

struct TrajectoryCase {
  std::string name;
  std::function<std::unique_ptr<Optimizer>(std::vector<Tensor>)> make;
  std::function<Vector(Vector)> reference;
};

TrajectoryCase sgd_case(std::string name, const SGDOptions& options) {
  return {std::move(name),
          [=](std::vector<Tensor> p) { return std::make_unique<SGD>(std::move(p), 0.1, options); },
          [=](Vector p) { return sgd_reference(std::move(p), options); }};
}

template <typename AnyAdam>
TrajectoryCase adam_case(std::string name, const AdamOptions& options) {
  return {std::move(name),
          [=](std::vector<Tensor> p) { return std::make_unique<AnyAdam>(std::move(p), 0.1, options); },
          [=](Vector p) { return adam_reference(std::move(p), options, std::is_same_v<AnyAdam, AdamW>); }};
}

std::vector<TrajectoryCase> cases() {
  return {
      sgd_case("sgd", {}),
      sgd_case("sgd_decay", {.weight_decay = 0.1}),
      sgd_case("sgd_momentum", {.momentum = 0.9}),
      sgd_case("sgd_dampening", {.momentum = 0.9, .dampening = 0.3}),
      sgd_case("sgd_nesterov", {.momentum = 0.8, .weight_decay = 0.05, .nesterov = true}),
      adam_case<Adam>("adam", {}),
      adam_case<Adam>("adam_decay", {0.8, 0.95, 1e-3, 0.1}),
      adam_case<AdamW>("adamw", AdamW::kDefaults),
      adam_case<AdamW>("adamw_decay", {0.8, 0.95, 1e-3, 0.3}),
      adam_case<AdamW>("adamw_without_decay", {}),
  };
}

const Vector kStart = {1, -2, 0.5, 3, -0.25, 0};

Tensor start(DType dtype = DType::float64) {
  return astype(from_values(kStart, {2, 3}), dtype).set_requires_grad();
}

void take_step(Optimizer& optimizer, const Tensor& parameter, int t) {
  const Vector gradient = gradient_at(t, parameter.to_vector<double>());
  parameter.set_grad(astype(from_values(gradient, {2, 3}), parameter.dtype()));
  optimizer.set_learning_rate(rate_at(t));
  optimizer.step();
}

class Trajectory : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Trajectory, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

TEST_P(Trajectory, FollowsTheFormulas) {
  for (const TrajectoryCase& c : cases()) {
    SCOPED_TRACE(c.name);
    const Tensor parameter = start();
    const auto optimizer = c.make({parameter});
    for (int t = 0; t < kSteps; ++t) take_step(*optimizer, parameter, t);
    test::expect_values(parameter, c.reference(kStart), 1e-12);
  }
}

TEST_P(Trajectory, StaysNearTheFormulasInFloat32) {
  for (const TrajectoryCase& c : cases()) {
    SCOPED_TRACE(c.name);
    const Tensor parameter = start(DType::float32);
    const auto optimizer = c.make({parameter});
    for (int t = 0; t < kSteps; ++t) take_step(*optimizer, parameter, t);
    test::expect_values(parameter, c.reference(kStart), 1e-5);
  }
}

TEST_P(Trajectory, ContinuesFromASavedState) {
  for (const TrajectoryCase& c : cases()) {
    SCOPED_TRACE(c.name);
    const Tensor straight = start();
    const auto optimizer = c.make({straight});
    for (int t = 0; t < 5; ++t) take_step(*optimizer, straight, t);
    const OptimizerState state = optimizer->state_dict();
    const Tensor resumed = clone(straight.detach()).set_requires_grad();
    for (int t = 5; t < kSteps; ++t) take_step(*optimizer, straight, t);

    const auto other = c.make({resumed});
    other->load_state_dict(state);
    EXPECT_EQ(other->learning_rate(), rate_at(4));
    for (int t = 5; t < kSteps; ++t) take_step(*other, resumed, t);
    EXPECT_TRUE(equal(straight.detach(), resumed.detach()));
  }
}

TEST(Dispatches, PlainSGDIsOneAParameter) {
  const Tensor parameter = start();
  SGD optimizer({parameter}, 0.1);
  parameter.set_grad(ones({2, 3}, DType::float64));
  optimizer.step();  // makes the number -lr
  reset_op_counts();
  optimizer.step();
  std::uint64_t calls = 0;
  for (const OpCount& count : op_counts()) calls += count.calls;
  EXPECT_EQ(calls, 1U);
}

}  // namespace
}  // namespace tenon::optim
