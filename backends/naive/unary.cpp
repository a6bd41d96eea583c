// UNARY: out[i] = f(x[i]).
#include "loop_nest.h"
#include "unary_functions.h"

namespace tenon::naive {

namespace {

// out's dtype: x's, unless f answers a question.
template <typename T, typename F>
using Result = std::conditional_t<std::is_same_v<std::invoke_result_t<F, Compute<T>>, bool>, bool, T>;

template <typename T, typename F>
void run_unary(const Call& call) {
  const auto f = [](T x) { return cast_element<Result<T, F>>(F{}(cast_element<Compute<T>>(x))); };
  map<T>(f, call.output(), call.input(0));
}

}  // namespace

Kernel find_unary(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) {
    return visit_unary<Kernel, Compute<T>>(call.member(), [&]<typename F>(F) -> Kernel {
      return has_dtypes(call, {dtype_of<T>()}, dtype_of<Result<T, F>>()) ? run_unary<T, F> : nullptr;
    });
  });
}

}  // namespace tenon::naive
