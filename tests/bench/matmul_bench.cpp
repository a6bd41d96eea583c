// matmul through blas against cblas_sgemm called directly. The two take turns call by call, so that both see the same
// machine; the ratio of their total times is what counts.
#include <benchmark/benchmark.h>
#include <cblas.h>
#include <tenon/tenon.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double>& times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

void matmul_against_sgemm(benchmark::State& state) {
  const auto m = static_cast<int>(state.range(0));
  const auto k = static_cast<int>(state.range(1));
  const auto n = static_cast<int>(state.range(2));
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("blas");
  const tenon::Tensor a = tenon::uniform({m, k});
  const tenon::Tensor b = tenon::uniform({k, n});
  const tenon::Tensor c = tenon::empty({m, n});
  std::vector<double> tenon_times;
  std::vector<double> direct_times;
  for (auto _ : state) {
    auto start = Clock::now();
    benchmark::DoNotOptimize(tenon::matmul(a, b));
    tenon_times.push_back(seconds_since(start));
    start = Clock::now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0F, a.data<float>(), k, b.data<float>(),
                n, 0.0F, c.data<float>(), n);
    direct_times.push_back(seconds_since(start));
  }
  const double tenon_time = median(tenon_times);
  const double direct_time = median(direct_times);
  state.counters["tenon_gflops"] = 2e-9 * m * k * n / tenon_time;
  state.counters["direct_gflops"] = 2e-9 * m * k * n / direct_time;
  state.counters["speed_ratio"] = direct_time / tenon_time;
}
BENCHMARK(matmul_against_sgemm)
    ->Args({128, 128, 128})
    ->Args({256, 256, 256})
    ->Args({512, 512, 512})
    ->Args({1024, 1024, 1024})
    ->Args({2048, 2048, 2048})
    ->Args({64, 784, 50})
    ->UseRealTime();

}  // namespace
