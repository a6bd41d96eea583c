// UNARY's functions that take many instructions and registers: a kernel for each.
#include "cuda/map.cuh"
#include "cuda/unary.cuh"

namespace tenon::cuda {

template <typename T, std::uint32_t member>
struct Transcendental {
  __device__ T operator()(T x) const { return narrow<T>(apply_transcendental(member, widen(x))); }
};

namespace {

template <typename T, std::uint32_t member>
void run(const Call& call, const Queue& queue) {
  map<T, T>(queue, Transcendental<T, member>{}, call.output(), call.input(0));
}

template <typename T, std::uint32_t... members>
Work find_among(std::uint32_t member, std::integer_sequence<std::uint32_t, members...>) {
  Work found = nullptr;
  ((member == members ? static_cast<void>(found = run<T, members>) : void()), ...);
  return found;
}

using Members =
    std::integer_sequence<std::uint32_t, TENON_UNARY_EXP, TENON_UNARY_EXPM1, TENON_UNARY_LOG, TENON_UNARY_LOG1P,
                          TENON_UNARY_SIN, TENON_UNARY_COS, TENON_UNARY_TANH, TENON_UNARY_SIGMOID, TENON_UNARY_ERF,
                          TENON_UNARY_GELU>;

}  // namespace

Work find_transcendental(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) -> Work {
    if constexpr (kFloating<T>) return find_among<T>(call.member(), Members{});
    return nullptr;
  });
}

}  // namespace tenon::cuda
