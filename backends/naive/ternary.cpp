// TERNARY: out[i] = f(a[i], b[i], c[i]).
#include "loop_nest.h"
#include "scalar.h"

namespace tenon::naive {

namespace {

/// a ? b : c
struct Where {
  template <typename T>
  T operator()(bool a, T b, T c) const {
    return a ? b : c;
  }
};

struct Clamp {
  template <typename T>
  T operator()(T a, T b, T c) const {
    using C = Compute<T>;
    return cast_element<T>(minimum(maximum(cast_element<C>(a), cast_element<C>(b)), cast_element<C>(c)));
  }
};

struct MultiplyAdd {
  template <typename T>
  T operator()(T a, T b, T c) const {
    using C = Compute<T>;
    return cast_element<T>(add(cast_element<C>(a), multiply(cast_element<C>(b), cast_element<C>(c))));
  }
};

template <typename A, typename T, typename F>
void run_ternary(const Call& call) {
  map<A, T, T>(F{}, call.output(), call.input(0), call.input(1), call.input(2));
}

}  // namespace

Kernel find_ternary(const Call& call) {
  return visit_dtype(call.output().dtype(), [&]<typename T>(TypeTag<T>) -> Kernel {
    constexpr DType dtype = dtype_of<T>();
    switch (call.member()) {
      case TENON_TERNARY_WHERE:
        return has_dtypes(call, {DType::boolean, dtype, dtype}, dtype) ? run_ternary<bool, T, Where>
                                                                       : nullptr;
      case TENON_TERNARY_CLAMP:
        return has_dtypes(call, {dtype, dtype, dtype}, dtype) ? run_ternary<T, T, Clamp> : nullptr;
      case TENON_TERNARY_MULTIPLY_ADD:
        if constexpr (!std::is_same_v<T, bool>) {
          return has_dtypes(call, {dtype, dtype, dtype}, dtype) ? run_ternary<T, T, MultiplyAdd> : nullptr;
        }
        return nullptr;
      default:
        return nullptr;
    }
  });
}

}  // namespace tenon::naive
