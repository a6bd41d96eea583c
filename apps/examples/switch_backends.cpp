// A training loop of one's own that goes to another backend every few steps and places one layer elsewhere.
// Parameters and optimizer state go along, into a device's memory and out of it: the losses are those of a run
// that never switched.
#include <tenon/nn.h>
#include <tenon/optim.h>
#include <tenon/tenon.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using tenon::Tensor;

std::shared_ptr<tenon::nn::Sequential> make_network() {
  tenon::manual_seed(1);  // the same weights each time, whatever the backend
  return std::make_shared<tenon::nn::Sequential>(std::make_shared<tenon::nn::Linear>(64, 32),
                                                 std::make_shared<tenon::nn::ReLU>(),
                                                 std::make_shared<tenon::nn::Linear>(32, 5));
}

// Trains on `x` and `labels`; step i runs on the i / 5-th of `backends`, from the front again after the last, but
// for the last layer if `last` names a backend for it.
std::vector<double> losses(tenon::nn::Module& network, const Tensor& x, const Tensor& labels,
                           const std::vector<std::string>& backends, const std::string& last = {}) {
  tenon::optim::SGD optimizer(network.parameters(), 0.1, {.momentum = 0.9});
  std::vector<double> values;
  for (std::size_t step = 0; step < 30; ++step) {
    network.to(backends[step / 5 % backends.size()]);
    if (!last.empty()) network.get_module("2").to(last);
    optimizer.zero_grad();
    const Tensor loss = tenon::nn::cross_entropy(network(x), labels);
    loss.backward();
    optimizer.step();
    values.push_back(loss.item<double>());
  }
  return values;
}

}  // namespace

int main() {
  std::vector<std::string> backends;
  for (const tenon::BackendInfo& backend : tenon::backends()) {
    if (backend.available) backends.push_back(backend.name);
  }
  const Tensor x = tenon::normal({256, 64});
  const Tensor teacher = tenon::normal({64, 5});
  const Tensor labels = tenon::argmax(tenon::matmul(x, teacher), {1});

  const auto reference = losses(*make_network(), x, labels, {"naive"});
  const auto switched = losses(*make_network(), x, labels, backends);
  const auto placed = losses(*make_network(), x, labels, backends, "naive");

  double worst = 0;
  std::printf("step  naive alone  switching  layer 2 on naive\n");
  for (std::size_t step = 0; step < reference.size(); ++step) {
    if (step % 5 == 0) {
      std::printf("%4zu  %11.6f  %9.6f  %16.6f   switching is on %s\n", step, reference[step], switched[step],
                  placed[step], backends[step / 5 % backends.size()].c_str());
    }
    for (const double loss : {switched[step], placed[step]}) {
      worst = std::max(worst, std::abs(loss - reference[step]) / reference[step]);
    }
  }
  std::printf("largest relative difference: %.1e\n", worst);
  return worst < 1e-4 ? 0 : 1;
}
