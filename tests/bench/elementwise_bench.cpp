// a + b of 16M floats: Tenon, with a fresh result each time, against a hand-written loop into a warm buffer.
#include <benchmark/benchmark.h>
#include <tenon/tenon.h>

#include <vector>

namespace {

constexpr std::int64_t kCount = 16 << 20;

void set_bandwidth(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * kCount * 3 * static_cast<std::int64_t>(sizeof(float)));
}

void add_16m_tenon(benchmark::State& state) {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("blas");
  const tenon::Tensor a = tenon::ones({kCount});
  const tenon::Tensor b = tenon::ones({kCount});
  for (auto _ : state) benchmark::DoNotOptimize(a + b);
  set_bandwidth(state);
}
BENCHMARK(add_16m_tenon)->UseRealTime();

void add_16m_loop(benchmark::State& state) {
  std::vector<float> a(kCount, 1);
  std::vector<float> b(kCount, 1);
  std::vector<float> out(kCount);
  const float* x = a.data();
  const float* y = b.data();
  float* z = out.data();
  for (auto _ : state) {
#pragma omp parallel for simd schedule(static)
    for (std::int64_t i = 0; i < kCount; ++i) z[i] = x[i] + y[i];
    benchmark::ClobberMemory();
  }
  set_bandwidth(state);
}
BENCHMARK(add_16m_loop)->UseRealTime();

}  // namespace
