// The innermost tile of plain_product(): six rows by two vectors, whose sums stay in registers.
#include "cpu/tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/product_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kTileRows = 6;

template <typename T>
using TileTag = hn::CappedTag<T, kMaxProductTile / (2 * kTileRows)>;

template <typename T>
void tile(const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, std::size_t k, T* HWY_RESTRICT sums) {
  const TileTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  auto s00 = hn::Zero(d);
  auto s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  auto s30 = s00, s31 = s00, s40 = s00, s41 = s00, s50 = s00, s51 = s00;
  for (std::size_t i = 0; i < k; ++i, a += kTileRows, b += 2 * lanes) {
    const auto b0 = hn::Load(d, b);
    const auto b1 = hn::Load(d, b + lanes);
    const auto add = [&](T factor, auto& left, auto& right) HWY_ATTR {
      const auto repeated = hn::Set(d, factor);
      left = hn::MulAdd(repeated, b0, left);
      right = hn::MulAdd(repeated, b1, right);
    };
    add(a[0], s00, s01);
    add(a[1], s10, s11);
    add(a[2], s20, s21);
    add(a[3], s30, s31);
    add(a[4], s40, s41);
    add(a[5], s50, s51);
  }
  const auto store = [&](std::size_t row, auto left, auto right) HWY_ATTR {
    hn::Store(left, d, sums + row * 2 * lanes);
    hn::Store(right, d, sums + row * 2 * lanes + lanes);
  };
  store(0, s00, s01);
  store(1, s10, s11);
  store(2, s20, s21);
  store(3, s30, s31);
  store(4, s40, s41);
  store(5, s50, s51);
}

template <typename T>
ProductKernel<T> make_kernel() {
  return {kTileRows, static_cast<std::int64_t>(2 * hn::Lanes(TileTag<T>())), tile<T>};
}
ProductKernel<float> make_float_product() { return make_kernel<float>(); }
ProductKernel<double> make_double_product() { return make_kernel<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace tenon::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(make_float_product);
HWY_EXPORT(make_double_product);

template <>
const ProductKernel<float>& product_kernel() {
  static const ProductKernel<float> kernel = HWY_DYNAMIC_DISPATCH(make_float_product)();
  return kernel;
}
template <>
const ProductKernel<double>& product_kernel() {
  static const ProductKernel<double> kernel = HWY_DYNAMIC_DISPATCH(make_double_product)();
  return kernel;
}

}  // namespace tenon::cpu
#endif  // HWY_ONCE
