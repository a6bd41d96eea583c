// TERNARY.
#include "cuda/elements.cuh"
#include "cuda/families.h"
#include "cuda/map.cuh"

namespace tenon::cuda {

template <typename T>
struct Where {
  __device__ T operator()(bool condition, T a, T b) const { return condition ? a : b; }
};

template <typename T>
struct Clamp {
  __device__ T operator()(T x, T low, T high) const {
    return narrow<T>(minimum(maximum(widen(x), widen(low)), widen(high)));
  }
};

template <typename T>
struct MultiplyAdd {
  __device__ T operator()(T a, T b, T c) const { return narrow<T>(add(widen(a), multiply(widen(b), widen(c)))); }
};

namespace {

template <typename A, typename T, typename F>
void run(const Call& call, const Queue& queue) {
  map<T, A, T, T>(queue, F{}, call.output(), call.input(0), call.input(1), call.input(2));
}

}  // namespace

Work find_ternary(const Call& call) {
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Work {
    constexpr DType dtype = dtype_of<T>();
    switch (call.member()) {
      case TENON_TERNARY_WHERE:
        return has_dtypes(call, {DType::boolean, dtype, dtype}, dtype) ? run<bool, T, Where<T>> : nullptr;
      case TENON_TERNARY_CLAMP:
        return has_dtypes(call, {dtype, dtype, dtype}, dtype) ? run<T, T, Clamp<T>> : nullptr;
      case TENON_TERNARY_MULTIPLY_ADD:
        if constexpr (!std::is_same_v<T, bool>) {
          return has_dtypes(call, {dtype, dtype, dtype}, dtype) ? run<T, T, MultiplyAdd<T>> : nullptr;
        }
        return nullptr;
      default:
        return nullptr;
    }
  });
}

}  // namespace tenon::cuda
