// BINARY: out[i] = f(a[i], b[i]).
#include "loop_nest.h"
#include "scalar.h"

namespace tenon::naive {

namespace {

/// base^exponent on integers, by squaring, wrapping. 1 / base is an integer only for base 1 and -1.
template <std::integral T>
T integer_power(T base, T exponent) {
  if constexpr (std::is_signed_v<T>) {
    if (exponent < 0) {
      if (base == 1) return 1;
      if (base == -1) return exponent % 2 == 0 ? 1 : -1;
      return 0;
    }
  }
  T power = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) power = multiply(power, base);
    base = multiply(base, base);
  }
  return power;
}

/// base^exponent; the floating one is computed wider and rounded once.
template <typename T>
T power(T base, T exponent) {
  if constexpr (std::floating_point<T>) {
    return T(std::pow(Wide<T>(base), Wide<T>(exponent)));
  } else {
    return integer_power(base, exponent);
  }
}

// Each visit_ function calls visit(f) with the function f(T, T) of a member; it gives null if T has no such
// function.
template <std::integral T, typename Visitor>
Kernel visit_bitwise(std::uint32_t member, Visitor visit) {
  switch (member) {
    case TENON_BINARY_AND:
      return visit([](T a, T b) { return T(a & b); });
    case TENON_BINARY_OR:
      return visit([](T a, T b) { return T(a | b); });
    case TENON_BINARY_XOR:
      return visit([](T a, T b) { return T(a ^ b); });
    default:
      return nullptr;
  }
}

template <typename T, typename Visitor>
Kernel visit_arithmetic(std::uint32_t member, Visitor visit) {
  constexpr bool is_bool = std::is_same_v<T, bool>;
  switch (member) {
    case TENON_BINARY_ADD:
      return visit([](T a, T b) { return add(a, b); });
    case TENON_BINARY_SUB:
      if constexpr (!is_bool) return visit([](T a, T b) { return subtract(a, b); });
      break;
    case TENON_BINARY_MUL:
      return visit([](T a, T b) { return multiply(a, b); });
    case TENON_BINARY_DIV:
      if constexpr (std::floating_point<T>) return visit([](T a, T b) { return a / b; });
      break;
    case TENON_BINARY_POW:
      if constexpr (!is_bool) return visit([](T a, T b) { return power(a, b); });
      break;
    case TENON_BINARY_MAXIMUM:
      return visit([](T a, T b) { return maximum(a, b); });
    case TENON_BINARY_MINIMUM:
      return visit([](T a, T b) { return minimum(a, b); });
    default:
      if constexpr (std::integral<T>) return visit_bitwise<T>(member, visit);
  }
  return nullptr;
}

template <typename T, typename Visitor>
Kernel visit_comparison(std::uint32_t member, Visitor visit) {
  switch (member) {
    case TENON_BINARY_EQ:
      return visit([](T a, T b) { return a == b; });
    case TENON_BINARY_NE:
      return visit([](T a, T b) { return a != b; });
    case TENON_BINARY_LT:
      return visit([](T a, T b) { return a < b; });
    case TENON_BINARY_LE:
      return visit([](T a, T b) { return a <= b; });
    case TENON_BINARY_GT:
      return visit([](T a, T b) { return a > b; });
    case TENON_BINARY_GE:
      return visit([](T a, T b) { return a >= b; });
    default:
      return nullptr;
  }
}

template <typename T, typename Out, typename F>
void run_binary(const Call& call) {
  const auto f = [](T a, T b) {
    return cast_element<Out>(F{}(cast_element<Compute<T>>(a), cast_element<Compute<T>>(b)));
  };
  map<T, T>(f, call.output(), call.input(0), call.input(1));
}

}  // namespace

Kernel find_binary(const Call& call) {
  return visit_dtype(call.input(0).dtype(), [&]<typename T>(TypeTag<T>) {
    constexpr DType dtype = dtype_of<T>();
    const auto arithmetic = [&]<typename F>(F) -> Kernel {
      return has_dtypes(call, {dtype, dtype}, dtype) ? run_binary<T, T, F> : nullptr;
    };
    const auto comparison = [&]<typename F>(F) -> Kernel {
      return has_dtypes(call, {dtype, dtype}, DType::boolean) ? run_binary<T, bool, F> : nullptr;
    };
    const Kernel kernel = visit_arithmetic<Compute<T>>(call.member(), arithmetic);
    return kernel != nullptr ? kernel : visit_comparison<Compute<T>>(call.member(), comparison);
  });
}

}  // namespace tenon::naive
