// COPY: out[i] = cast(x[i]), any dtype to any dtype.
#include "loop_nest.h"

namespace tenon::naive {

namespace {

template <typename From, typename To>
void run_copy(const Call& call) {
  map<From>([](From x) { return cast_element<To>(x); }, call.output(), call.input(0));
}

}  // namespace

Kernel find_copy(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename From>(TypeTag<From>) {
    return visit_dtype(call.output().dtype(),
                       [&]<typename To>(TypeTag<To>) -> Kernel { return run_copy<From, To>; });
  });
}

}  // namespace tenon::naive
