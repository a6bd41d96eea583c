// Inner products on dense arrays: of two rows, and of many columns side by side.
#include "cpu/tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/inner_product_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Four sums at a time, so that one addition need not wait for the last.
template <typename T>
T inner_of_rows(const T* a, const T* b, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d);
  auto s1 = hn::Zero(d);
  auto s2 = hn::Zero(d);
  auto s3 = hn::Zero(d);
  const auto product = [&](std::size_t i, auto sum)
                           HWY_ATTR { return hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum); };
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    s0 = product(i, s0);
    s1 = product(i + lanes, s1);
    s2 = product(i + 2 * lanes, s2);
    s3 = product(i + 3 * lanes, s3);
  }
  for (; i + lanes <= n; i += lanes) s0 = product(i, s0);
  T sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// sum[j] += a[r][j] b[r][j] for every row r; rows lie so many bytes apart.
template <typename T>
void inner_of_columns(T* HWY_RESTRICT sum, const std::byte* a, std::int64_t a_stride, const std::byte* b,
                      std::int64_t b_stride, std::int64_t rows, std::size_t columns) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto row_of = [](const std::byte* x, std::int64_t offset)
                          HWY_ATTR { return reinterpret_cast<const T*>(x + offset); };
  for (; rows > 0; rows -= 2, a += 2 * a_stride, b += 2 * b_stride) {
    const T* a0 = row_of(a, 0);
    const T* b0 = row_of(b, 0);
    const bool pair = rows > 1;
    const T* a1 = row_of(a, pair ? a_stride : 0);
    const T* b1 = row_of(b, pair ? b_stride : 0);
    std::size_t j = 0;
    for (; j + lanes <= columns; j += lanes) {
      auto s = hn::LoadU(d, sum + j);
      s = hn::MulAdd(hn::LoadU(d, a0 + j), hn::LoadU(d, b0 + j), s);
      if (pair) s = hn::MulAdd(hn::LoadU(d, a1 + j), hn::LoadU(d, b1 + j), s);
      hn::StoreU(s, d, sum + j);
    }
    for (; j < columns; ++j) {
      sum[j] += a0[j] * b0[j];
      if (pair) sum[j] += a1[j] * b1[j];
    }
  }
}

InnerKernels<float> make_float_kernels() { return {inner_of_rows<float>, inner_of_columns<float>}; }
InnerKernels<double> make_double_kernels() { return {inner_of_rows<double>, inner_of_columns<double>}; }

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_float_kernels);
HWY_EXPORT(make_double_kernels);

template <>
const InnerKernels<float>& inner_kernels() {
  static const InnerKernels<float> kernels = HWY_DYNAMIC_DISPATCH(make_float_kernels)();
  return kernels;
}
template <>
const InnerKernels<double>& inner_kernels() {
  static const InnerKernels<double> kernels = HWY_DYNAMIC_DISPATCH(make_double_kernels)();
  return kernels;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
