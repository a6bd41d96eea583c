// The backend onednn against oneDNN's primitives, made once and called directly; they take turns call by
// call. matmul must not lose to its primitive. The others show what the choice of kernels in backends/onednn
// rests on: `speed_ratio` above 1 says that the shared kernel is the faster one, near 1 that onednn uses the
// primitive.
#include <benchmark/benchmark.h>
#include <tenon/tenon.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "onednn/dnnl_version.h"

namespace {

using Clock = std::chrono::steady_clock;
using dnnl::memory;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double>& times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// Dense in row-major order; a 2-d array with `transposed` lies by columns.
memory::desc dense(const memory::dims& shape, bool transposed = false) {
  memory::dims strides(shape.size(), 1);
  for (std::size_t i = shape.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * shape[i + 1];
  if (transposed) strides = {1, shape[0]};
  return {shape, memory::data_type::f32, strides};
}

/// A primitive with its memory, called the cheapest way: by the C function, with everything prepared.
class Direct {
 public:
  Direct(const dnnl::primitive_desc_base& descriptor, std::vector<std::pair<int, memory>> arguments)
      : primitive_(descriptor.get()), stream_(engine()), memories_(std::move(arguments)) {
    for (const auto& [name, each] : memories_) arguments_.push_back({name, each.get()});
  }
  void run() const {
    dnnl_primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(arguments_.size()),
                           arguments_.data());
  }

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  std::vector<std::pair<int, memory>> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

memory at(const memory::desc& descriptor, const tenon::Tensor& tensor) {
  return {descriptor, engine(), const_cast<float*>(tensor.data<float>())};
}

template <typename Ours>
void take_turns(benchmark::State& state, const Direct& direct, Ours&& ours) {
  std::vector<double> tenon_times;
  std::vector<double> direct_times;
  for (auto _ : state) {
    auto start = Clock::now();
    ours();
    tenon_times.push_back(seconds_since(start));
    start = Clock::now();
    direct.run();
    direct_times.push_back(seconds_since(start));
  }
  const double tenon_time = median(tenon_times);
  const double direct_time = median(direct_times);
  state.counters["tenon_us"] = 1e6 * tenon_time;
  state.counters["direct_us"] = 1e6 * direct_time;
  state.counters["speed_ratio"] = direct_time / tenon_time;
}

void matmul_against_primitive(benchmark::State& state) {
  const memory::dim m = state.range(0);
  const memory::dim k = state.range(1);
  const memory::dim n = state.range(2);
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("onednn");
  const tenon::Tensor a = tenon::uniform({m, k});
  const tenon::Tensor b = tenon::uniform({k, n});
  const tenon::Tensor c = tenon::empty({m, n});
  const memory::desc left = dense({m, k});
  const memory::desc right = dense({k, n});
  const memory::desc out = dense({m, n});
  const Direct direct(
      tenon::onednn::matmul_descriptor(engine(), left, right, memory::desc(), out, dnnl::primitive_attr(),
                                       [](auto) { return true; }),
      {{DNNL_ARG_SRC, at(left, a)}, {DNNL_ARG_WEIGHTS, at(right, b)}, {DNNL_ARG_DST, at(out, c)}});
  take_turns(state, direct, [&] { benchmark::DoNotOptimize(tenon::matmul(a, b)); });
}
BENCHMARK(matmul_against_primitive)
    ->Args({64, 64, 64})
    ->Args({128, 128, 128})
    ->Args({256, 256, 256})
    ->Args({512, 512, 512})
    ->Args({1024, 1024, 1024})
    ->Args({2048, 2048, 2048})
    ->Args({64, 784, 50})
    ->UseRealTime();

void tanh_against_primitive(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("onednn");
  const tenon::Tensor x = tenon::uniform({state.range(0)});
  const tenon::Tensor y = tenon::empty({state.range(0)});
  const memory::desc line = dense({state.range(0)});
  const Direct direct(tenon::onednn::eltwise_descriptor(engine(), dnnl::algorithm::eltwise_tanh, line),
                      {{DNNL_ARG_SRC, at(line, x)}, {DNNL_ARG_DST, at(line, y)}});
  take_turns(state, direct, [&] { benchmark::DoNotOptimize(tenon::tanh(x)); });
}
BENCHMARK(tanh_against_primitive)->Arg(1 << 12)->Arg(1 << 20)->UseRealTime();

void add_against_primitive(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("onednn");
  const tenon::Tensor a = tenon::uniform({state.range(0)});
  const tenon::Tensor b = tenon::uniform({state.range(0)});
  const tenon::Tensor c = tenon::empty({state.range(0)});
  const memory::desc line = dense({state.range(0)});
  const Direct direct(
      tenon::onednn::binary_descriptor(engine(), dnnl::algorithm::binary_add, line, line, line),
      {{DNNL_ARG_SRC_0, at(line, a)}, {DNNL_ARG_SRC_1, at(line, b)}, {DNNL_ARG_DST, at(line, c)}});
  take_turns(state, direct, [&] { benchmark::DoNotOptimize(tenon::add(a, b)); });
}
BENCHMARK(add_against_primitive)->Arg(1 << 12)->Arg(1 << 20)->UseRealTime();

/// Over the axis that is named.
void sum_against_primitive(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("onednn");
  const tenon::Tensor x = tenon::uniform({1024, state.range(0)});
  const std::int64_t axis = state.range(1);
  const memory::dims kept = axis == 0 ? memory::dims{1, state.range(0)} : memory::dims{1024, 1};
  const tenon::Tensor y = tenon::empty({kept[0], kept[1]});
  const memory::desc from = dense({1024, state.range(0)});
  const Direct direct(tenon::onednn::sum_descriptor(engine(), from, dense(kept), dnnl::primitive_attr()),
                      {{DNNL_ARG_SRC, at(from, x)}, {DNNL_ARG_DST, at(dense(kept), y)}});
  take_turns(state, direct, [&] { benchmark::DoNotOptimize(tenon::sum(x, {axis}, true)); });
}
BENCHMARK(sum_against_primitive)
    ->Args({64, 0})
    ->Args({64, 1})
    ->Args({1024, 0})
    ->Args({1024, 1})
    ->UseRealTime();

void transposed_copy_against_primitive(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("onednn");
  const tenon::Tensor x = tenon::uniform({state.range(0), state.range(0)});
  const tenon::Tensor y = tenon::empty({state.range(0), state.range(0)});
  const tenon::Tensor turned = tenon::transpose(x);
  const memory::desc from = dense({state.range(0), state.range(0)}, true);
  const memory::desc to = dense({state.range(0), state.range(0)});
  const Direct direct(dnnl::reorder::primitive_desc(engine(), from, engine(), to),
                      {{DNNL_ARG_FROM, at(from, x)}, {DNNL_ARG_TO, at(to, y)}});
  take_turns(state, direct, [&] { benchmark::DoNotOptimize(tenon::contiguous(turned)); });
}
BENCHMARK(transposed_copy_against_primitive)->Arg(64)->Arg(256)->Arg(1024)->UseRealTime();

dnnl::inner_product_backward_weights::primitive_desc linear_backward(const memory::desc& x,
                                                                     const memory::desc& weight,
                                                                     const memory::desc& bias,
                                                                     const memory::desc& out) {
  using Forward = dnnl::inner_product_forward;
#if DNNL_VERSION_MAJOR >= 3
  const Forward::primitive_desc forward(engine(), dnnl::prop_kind::forward_training, x, weight, bias, out);
  return {engine(), x, weight, bias, out, forward};
#else
  const Forward::primitive_desc forward({dnnl::prop_kind::forward_training, x, weight, bias, out}, engine());
  return {{x, weight, bias, out}, engine(), forward};
#endif
}

/// The gradients of a linear layer's weight and bias: two ops against oneDNN's one. Arguments: batch, in, out.
void linear_backward_against_primitive(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("onednn");
  const tenon::Tensor x = tenon::uniform({state.range(0), state.range(1)});
  const tenon::Tensor g = tenon::uniform({state.range(0), state.range(2)});
  const tenon::Tensor weight = tenon::empty({state.range(2), state.range(1)});
  const tenon::Tensor bias = tenon::empty({state.range(2)});
  const auto like = [](const tenon::Tensor& tensor) {
    return dense({tensor.shape().begin(), tensor.shape().end()});
  };
  const Direct direct(linear_backward(like(x), like(weight), like(bias), like(g)),
                      {{DNNL_ARG_SRC, at(like(x), x)},
                       {DNNL_ARG_DIFF_DST, at(like(g), g)},
                       {DNNL_ARG_DIFF_WEIGHTS, at(like(weight), weight)},
                       {DNNL_ARG_DIFF_BIAS, at(like(bias), bias)}});
  take_turns(state, direct, [&] {
    benchmark::DoNotOptimize(tenon::matmul(tenon::transpose(g), x));
    benchmark::DoNotOptimize(tenon::sum(g, {0}));
  });
}
BENCHMARK(linear_backward_against_primitive)
    ->Args({64, 784, 50})
    ->Args({64, 50, 10})
    ->Args({256, 784, 512})
    ->Args({256, 512, 10})
    ->UseRealTime();

}  // namespace
