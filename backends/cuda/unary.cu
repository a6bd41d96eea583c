// UNARY, but for the functions of transcendental.cu: limited by memory, so that all members share one kernel,
// which asks for the member once a vector.
#include "cuda/families.h"
#include "cuda/map.cuh"
#include "cuda/unary.cuh"

namespace tenon::cuda {

template <typename T>
struct Simple {
  std::uint32_t member;
  __device__ T operator()(T x) const { return narrow<T>(apply_simple(member, widen(x))); }
};

/// LOGICAL_NOT and ISNAN.
template <typename T>
struct Question {
  std::uint32_t member;
  __device__ bool operator()(T x) const {
    const auto value = widen(x);
    return member == TENON_UNARY_ISNAN ? is_nan(value) : value == Compute<T>{0};
  }
};

namespace {

template <typename T>
void run_simple(const Call& call, const Queue& queue) {
  map<T, T>(queue, Simple<T>{call.member()}, call.output(), call.input(0));
}

template <typename T>
void run_question(const Call& call, const Queue& queue) {
  map<bool, T>(queue, Question<T>{call.member()}, call.output(), call.input(0));
}

}  // namespace

Work find_unary(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) -> Work {
    constexpr DType dtype = dtype_of<T>();
    const std::uint32_t member = call.member();
    if (member == TENON_UNARY_LOGICAL_NOT || member == TENON_UNARY_ISNAN) {
      return has_dtypes(call, {dtype}, DType::boolean) ? run_question<T> : nullptr;
    }
    if (!has_dtypes(call, {dtype}, dtype)) return nullptr;
    return is_simple<T>(member) ? run_simple<T> : find_transcendental(call);
  });
}

}  // namespace tenon::cuda
