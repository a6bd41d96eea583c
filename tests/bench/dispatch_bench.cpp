// What an op costs before and after its kernel.
#include <benchmark/benchmark.h>
#include <tenon/tenon.h>

namespace {

void add_of_two_elements(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("blas");
  const tenon::Tensor a = tenon::ones({1});
  const tenon::Tensor b = tenon::ones({1});
  for (auto _ : state) benchmark::DoNotOptimize(a + b);
}
BENCHMARK(add_of_two_elements);

void add_of_two_elements_recorded(benchmark::State& state) {
  const tenon::use_backend scope("blas");
  const tenon::Tensor a = tenon::ones({1}).set_requires_grad();
  const tenon::Tensor b = tenon::ones({1});
  for (auto _ : state) benchmark::DoNotOptimize(a + b);
}
BENCHMARK(add_of_two_elements_recorded);

void view_of_a_row(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::Tensor a = tenon::ones({64, 784});
  for (auto _ : state) benchmark::DoNotOptimize(tenon::select(a, 0, 3));
}
BENCHMARK(view_of_a_row);

}  // namespace
