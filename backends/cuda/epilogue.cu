#include "cuda/epilogue.h"

#include "cuda/map.cuh"
#include "cuda/unary.cuh"

#include <utility>

namespace tenon::cuda {

/// In: sum, then old if kOld, then bias if kBias, these two of type T. Out is T, or what T computes in.
template <typename Out, typename T, bool kOld, bool kBias>
struct Finish {
  Compute<T> alpha;
  Compute<T> beta;
  std::uint32_t activation;

  template <typename... Others>
  __device__ Out operator()(Compute<T> sum, Others... others) const {
    const T other[] = {others..., T{}};
    Compute<T> value = alpha * sum;
    if constexpr (kOld) value += beta * widen(other[0]);
    if constexpr (kBias) value += widen(other[kOld ? 1 : 0]);
    if (activation != TENON_NO_ACTIVATION) value = apply_simple(activation, value);
    return narrow<Out>(value);
  }
};

namespace {

template <typename Out, typename T>
void finish(const Queue& queue, const Epilogue& epilogue, const View& sum, const View& old, const View* bias,
            const View& out) {
  using C = Compute<T>;
  const auto alpha = static_cast<C>(epilogue.alpha);
  const auto beta = static_cast<C>(epilogue.beta);
  const std::uint32_t activation = epilogue.activation;
  if (beta != C{0} && bias != nullptr) {
    map<Out, C, T, T>(queue, Finish<Out, T, true, true>{alpha, beta, activation}, out, sum, old, *bias);
  } else if (beta != C{0}) {
    map<Out, C, T>(queue, Finish<Out, T, true, false>{alpha, beta, activation}, out, sum, old);
  } else if (bias != nullptr) {
    map<Out, C, T>(queue, Finish<Out, T, false, true>{alpha, beta, activation}, out, sum, *bias);
  } else {
    map<Out, C>(queue, Finish<Out, T, false, false>{alpha, beta, activation}, out, sum);
  }
}

void run_unary(const Queue& queue, std::uint32_t member, const View& x) {
  const tenon_member_attributes attributes = {sizeof(attributes), member};
  const tenon_call frame = {sizeof(frame), TENON_OP_UNARY, 1,           1,
                            &x.dlpack(),   &x.dlpack(),    &attributes, nullptr};
  find_unary(Call(frame))(Call(frame), queue);
}

void run_copy(const Queue& queue, const View& x, const View& out) {
  const tenon_call frame = {sizeof(frame), TENON_OP_COPY, 1, 1, &x.dlpack(), &out.dlpack(), nullptr, nullptr};
  find_copy(Call(frame))(Call(frame), queue);
}

template <typename T>
void run(const Queue& queue, Epilogue epilogue, const View& sum, const View* bias, const View& out) {
  if (!is_transcendental(epilogue.activation)) {
    finish<T, T>(queue, epilogue, sum, out, bias, out);
    return;
  }
  // Those need too many registers to be part of this kernel; rounding comes last all the same.
  const std::uint32_t activation = std::exchange(epilogue.activation, TENON_NO_ACTIVATION);
  const bool rounds = std::is_same_v<T, bfloat16>;
  const View& wide = rounds ? sum : out;
  finish<Compute<T>, T>(queue, epilogue, sum, out, bias, wide);
  run_unary(queue, activation, wide);
  if (rounds) run_copy(queue, sum, out);
}

}  // namespace

bool is_activation(std::uint32_t member, DType dtype) {
  if (member == TENON_NO_ACTIVATION) return true;
  return visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
    return is_simple<T>(member) || (kFloating<T> && is_transcendental(member));
  });
}

void run_epilogue(const Queue& queue, const Epilogue& epilogue, const View& sum, const View* bias,
                  const View& out) {
  switch (out.dtype()) {
    case DType::float64:
      run<double>(queue, epilogue, sum, bias, out);
      break;
    case DType::bfloat16:
      run<bfloat16>(queue, epilogue, sum, bias, out);
      break;
    default:
      run<float>(queue, epilogue, sum, bias, out);
  }
}

}  // namespace tenon::cuda
