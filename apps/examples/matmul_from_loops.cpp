// Matrix multiplication from the definition to a backend: the same product four times, and how long each
// takes.
#include <tenon/tenon.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t kN = 384;
using Matrix = std::vector<float>;

// c[i, j] = sum_k a[i, k] b[k, j], as it is written. The inner loop walks down a column of b: each step is a
// new cache line.
Matrix by_definition(const Matrix& a, const Matrix& b) {
  Matrix c(kN * kN);
  for (std::int64_t i = 0; i < kN; ++i) {
    for (std::int64_t j = 0; j < kN; ++j) {
      for (std::int64_t k = 0; k < kN; ++k) c[i * kN + j] += a[i * kN + k] * b[k * kN + j];
    }
  }
  return c;
}

// The same sums with the two inner loops swapped: now rows of b and c are walked along, and the compiler can
// use vector instructions.
Matrix along_rows(const Matrix& a, const Matrix& b) {
  Matrix c(kN * kN);
  for (std::int64_t i = 0; i < kN; ++i) {
    for (std::int64_t k = 0; k < kN; ++k) {
      for (std::int64_t j = 0; j < kN; ++j) c[i * kN + j] += a[i * kN + k] * b[k * kN + j];
    }
  }
  return c;
}

void report(const std::string& how, const tenon::Tensor& expected,
            const std::function<tenon::Tensor()>& multiply) {
  tenon::Tensor c;
  double seconds = 1e9;  // the best of a few: the first ones warm caches and threads
  for (int i = 0; i < 4; ++i) {
    const auto start = std::chrono::steady_clock::now();
    c = multiply();
    c.device().synchronize();
    seconds =
        std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const auto error = tenon::max(tenon::abs(c.to("cpu") - expected)).item<double>();
  std::printf("%-20s %9.2f ms %8.2f GFLOP/s   largest difference %.1e\n", how.c_str(), 1e3 * seconds,
              2e-9 * kN * kN * kN / seconds, error);
}

}  // namespace

int main() {
  tenon::manual_seed(0);
  const tenon::Tensor a = tenon::normal({kN, kN});
  const tenon::Tensor b = tenon::normal({kN, kN});
  const Matrix rows_of_a = a.to_vector<float>();
  const Matrix rows_of_b = b.to_vector<float>();

  // The reference: float64, rounded once.
  const tenon::Tensor exact = tenon::astype(
      tenon::matmul(tenon::astype(a, tenon::DType::float64), tenon::astype(b, tenon::DType::float64)),
      tenon::DType::float32);

  report("three loops, ijk", exact, [&] {
    return tenon::from_values(by_definition(rows_of_a, rows_of_b), {kN, kN});
  });
  report("three loops, ikj", exact, [&] {
    return tenon::from_values(along_rows(rows_of_a, rows_of_b), {kN, kN});
  });
  for (const tenon::BackendInfo& backend : tenon::backends()) {
    if (!backend.available) continue;
    const tenon::Tensor left = a.to(backend.name);  // the same tensor where the backend works on host memory
    const tenon::Tensor right = b.to(backend.name);
    report("backend " + backend.name, exact, [&] {
      const tenon::use_backend scope(backend.name);
      return tenon::matmul(left, right);
    });
  }
}
