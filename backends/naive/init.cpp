// INIT: out[i] = f(i), i counting the elements in row-major order of the logical shape.
#include "loop_nest.h"
#include "philox.h"
#include "scalar.h"

namespace tenon::naive {

namespace {

tenon_init_attributes attributes_of(const Call& call) { return call.attributes<tenon_init_attributes>(); }

template <typename T>
void fill(const Call& call) {
  const T value = number_as<T>(attributes_of(call).value[0]);
  generate([=](std::uint64_t) { return value; }, call.output());
}

/// start + i * step; floats are computed in double, integers wrap.
template <typename T>
void arange(const Call& call) {
  using C = std::conditional_t<std::is_integral_v<T>, T, double>;
  const auto start = number_as<C>(attributes_of(call).value[0]);
  const auto step = number_as<C>(attributes_of(call).value[1]);
  const auto f = [=](std::uint64_t i) {
    return cast_element<T>(add(start, multiply(static_cast<C>(i), step)));
  };
  generate(f, call.output());
}

/// Ones where column - row is the given diagonal.
template <typename T>
void eye(const Call& call) {
  const std::int64_t diagonal = attributes_of(call).value[0].integer;
  const Extents shape = call.output().shape();
  const auto rows = static_cast<std::uint64_t>(shape[shape.size() - 2]);
  const auto columns = static_cast<std::uint64_t>(shape[shape.size() - 1]);
  const auto f = [=](std::uint64_t i) {
    const auto row = static_cast<std::int64_t>(i / columns % rows);
    const auto column = static_cast<std::int64_t>(i % columns);
    return cast_element<T>(column - row == diagonal);
  };
  generate(f, call.output());
}

void random_bits(const Call& call) {
  PhiloxStream stream(attributes_of(call).seed, attributes_of(call).offset);
  generate([&](std::uint64_t i) { return std::int64_t{stream.word(i)}; }, call.output());
}

template <typename T>
void uniform(const Call& call) {
  const double low = attributes_of(call).value[0].real;
  const double high = attributes_of(call).value[1].real;
  PhiloxStream stream(attributes_of(call).seed, attributes_of(call).offset);
  generate([&](std::uint64_t i) { return stream.uniform<T>(i, low, high); }, call.output());
}

template <typename T>
void normal(const Call& call) {
  const double mean = attributes_of(call).value[0].real;
  const double deviation = attributes_of(call).value[1].real;
  PhiloxStream stream(attributes_of(call).seed, attributes_of(call).offset);
  generate([&](std::uint64_t i) { return stream.normal<T>(i, mean, deviation); }, call.output());
}

template <std::floating_point T>
Kernel find_random_real(std::uint32_t member) {
  switch (member) {
    case TENON_INIT_UNIFORM:
      return uniform<T>;
    case TENON_INIT_NORMAL:
      return normal<T>;
    default:
      return nullptr;
  }
}

template <typename T>
Kernel find_for(std::uint32_t member, int rank) {
  switch (member) {
    case TENON_INIT_FILL:
      return fill<T>;
    case TENON_INIT_ARANGE:
      if constexpr (!std::is_same_v<T, bool>) return arange<T>;
      break;
    case TENON_INIT_EYE:
      return rank >= 2 ? eye<T> : nullptr;
    case TENON_INIT_RANDOM_BITS:
      if constexpr (std::is_same_v<T, std::int64_t>) return random_bits;
      break;
    default:
      if constexpr (std::floating_point<T>) return find_random_real<T>(member);
  }
  return nullptr;
}

}  // namespace

Kernel find_init(const Call& call) {
  const std::uint32_t member = attributes_of(call).member;
  return visit_dtype(call.output().dtype(),
                     [&]<typename T>(TypeTag<T>) { return find_for<T>(member, call.output().rank()); });
}

}  // namespace tenon::naive
