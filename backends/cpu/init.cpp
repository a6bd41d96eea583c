// INIT: element i is a function of i alone, so the elements are made a chunk at a time, in row-major order.
#include "cpu/chunks.h"
#include "cpu/families.h"
#include "cpu/tables.h"
#include "cpu/threads.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tenon::cpu {
namespace {

using plugin::Call;
using plugin::View;

/// Calls make(first, n, to) for chunks of elements [first, first + n); `first` is even, `to` dense.
template <typename Make>
void generate(const View& out, std::int64_t grain, Make&& make) {
  const View views[] = {out};
  const Loop loop = make_ordered_loop(views);
  const bool flat = loop.flat(0);
  const std::int64_t chunks = (loop.size + kChunk - 1) / kChunk;
  parallel_for(chunks, std::max<std::int64_t>(1, grain / kChunk), [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte buffer[kChunk * 8];
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int64_t first = c * kChunk;
      const std::int64_t n = std::min(kChunk, loop.size - first);
      std::byte* to = flat ? loop.base[0] + first * loop.item[0] : buffer;
      make(first, n, to);
      if (!flat) loop.scatter(0, first, n, buffer);
    }
  });
}

template <typename T>
T from_number(const tenon_number& number) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, bfloat16>) {
    return plugin::cast_element<T>(number.real);
  } else {
    return plugin::cast_element<T>(number.integer);
  }
}

template <typename T>
void fill(const View& out, const tenon_number& value) {
  const T element = from_number<T>(value);
  generate(out, 65536, [&](std::int64_t, std::int64_t n, std::byte* to) {
    std::fill_n(reinterpret_cast<T*>(to), n, element);
  });
}

template <typename T>
void arange(const View& out, const tenon_number& start, const tenon_number& step) {
  generate(out, 32768, [&](std::int64_t first, std::int64_t n, std::byte* to) {
    auto* elements = reinterpret_cast<T*>(to);
    for (std::int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_integral_v<T>) {
        const auto steps = static_cast<std::uint64_t>(first + i) * static_cast<std::uint64_t>(step.integer);
        elements[i] = static_cast<T>(static_cast<std::uint64_t>(start.integer) + steps);
      } else {
        elements[i] = plugin::cast_element<T>(start.real + static_cast<double>(first + i) * step.real);
      }
    }
  });
}

template <typename T>
void eye(const View& out, std::int64_t diagonal) {
  const std::int64_t columns = out.shape().back();
  const std::int64_t rows = out.shape()[out.shape().size() - 2];
  generate(out, 32768, [&](std::int64_t first, std::int64_t n, std::byte* to) {
    auto* elements = reinterpret_cast<T*>(to);
    std::int64_t c = first % columns;
    std::int64_t r = first / columns % rows;
    for (std::int64_t i = 0; i < n; ++i) {
      elements[i] = plugin::cast_element<T>(static_cast<std::uint8_t>(c - r == diagonal ? 1 : 0));
      if (++c == columns) {
        c = 0;
        if (++r == rows) r = 0;
      }
    }
  });
}

/// The words of elements [first, first + n), `per_block` elements to a block of four words; first is a
/// multiple of it.
class Words {
 public:
  Words(const tenon_init_attributes& attributes, std::int64_t first, std::int64_t n, std::int64_t per_block) {
    philox_blocks(attributes.seed, attributes.offset, static_cast<std::uint64_t>(first / per_block),
                  static_cast<std::size_t>((n + per_block - 1) / per_block), words_);
  }
  [[nodiscard]] std::uint32_t word(std::int64_t i) const { return words_[i]; }
  [[nodiscard]] std::uint64_t bits(std::int64_t i) const {
    return std::uint64_t{words_[2 * i]} << 32 | words_[2 * i + 1];
  }
  /// In [0, 1), of 24 or 53 bits.
  template <typename T>
  [[nodiscard]] double unit(std::int64_t i) const {
    return sizeof(T) == 4 ? (word(i) >> 8) * 0x1p-24 : static_cast<double>(bits(i) >> 11) * 0x1p-53;
  }
  /// The two arguments of Box-Muller's transform for the pair of elements i and i + 1: in (0, 1] and [0, 1).
  template <typename T>
  [[nodiscard]] double radius_argument(std::int64_t i) const {
    return sizeof(T) == 4 ? (word(i) + 1.0) * 0x1p-32 : (static_cast<double>(bits(i) >> 11) + 1.0) * 0x1p-53;
  }
  template <typename T>
  [[nodiscard]] double angle_argument(std::int64_t i) const {
    return sizeof(T) == 4 ? word(i + 1) * 0x1p-32 : static_cast<double>(bits(i + 1) >> 11) * 0x1p-53;
  }

 private:
  std::uint32_t words_[kChunk * 2 + 4];
};

template <typename T>
constexpr std::int64_t kPerBlock = sizeof(T) == 4 ? 4 : 2;

void random_bits(const View& out, const tenon_init_attributes& attributes) {
  generate(out, 16384, [&](std::int64_t first, std::int64_t n, std::byte* to) {
    const Words words(attributes, first, n, 4);
    auto* elements = reinterpret_cast<std::int64_t*>(to);
    for (std::int64_t i = 0; i < n; ++i) elements[i] = words.word(i);
  });
}

template <typename T>
void uniform(const View& out, const tenon_init_attributes& attributes) {
  const double low = attributes.value[0].real;
  const double high = attributes.value[1].real;
  const double width = high - low;
  // The largest value of T that is below `high`.
  T limit = static_cast<T>(high);
  if (static_cast<double>(limit) >= high) limit = std::nextafter(limit, -std::numeric_limits<T>::infinity());
  generate(out, 16384, [&](std::int64_t first, std::int64_t n, std::byte* to) {
    const Words words(attributes, first, n, kPerBlock<T>);
    auto* elements = reinterpret_cast<T*>(to);
    for (std::int64_t i = 0; i < n; ++i) {
      const double t = width * words.unit<T>(i);
      const T value = static_cast<T>(low + t);
      elements[i] = static_cast<double>(value) >= high && high > low ? limit : value;
    }
  });
}

template <typename T>
void normal(const View& out, const tenon_init_attributes& attributes) {
  const double mean = attributes.value[0].real;
  const double deviation = attributes.value[1].real;
  generate(out, 1024, [&](std::int64_t first, std::int64_t n, std::byte* to) {
    const Words words(attributes, first, n + n % 2, kPerBlock<T>);
    auto* elements = reinterpret_cast<T*>(to);
    for (std::int64_t i = 0; i < n; i += 2) {
      const double radius = std::sqrt(-2.0 * std::log(words.radius_argument<T>(i)));
      const double angle = 2.0 * std::numbers::pi * words.angle_argument<T>(i);
      elements[i] = static_cast<T>(mean + deviation * (radius * std::cos(angle)));
      if (i + 1 < n) elements[i + 1] = static_cast<T>(mean + deviation * (radius * std::sin(angle)));
    }
  });
}

bool knows(std::uint32_t member, DType dtype) {
  switch (member) {
    case TENON_INIT_FILL:
    case TENON_INIT_EYE:
      return true;
    case TENON_INIT_ARANGE:
      return dtype != DType::boolean;
    case TENON_INIT_RANDOM_BITS:
      return dtype == DType::int64;
    case TENON_INIT_UNIFORM:
    case TENON_INIT_NORMAL:
      return dtype == DType::float32 || dtype == DType::float64;
    default:
      return false;
  }
}

}  // namespace

bool init(const Call& call, bool run) {
  const View out = call.output();
  const auto& attributes = call.attributes<tenon_init_attributes>();
  const DType dtype = out.dtype();
  if (!knows(attributes.member, dtype) || !run) return knows(attributes.member, dtype);
  plugin::visit_dtype(dtype, [&]<typename T>(plugin::TypeTag<T>) {
    if (attributes.member == TENON_INIT_FILL) {
      fill<T>(out, attributes.value[0]);
    } else if (attributes.member == TENON_INIT_EYE) {
      eye<T>(out, attributes.value[0].integer);
    } else if (attributes.member == TENON_INIT_RANDOM_BITS) {
      random_bits(out, attributes);
    } else if (attributes.member == TENON_INIT_ARANGE) {
      if constexpr (!std::is_same_v<T, bool>) arange<T>(out, attributes.value[0], attributes.value[1]);
    } else if constexpr (std::is_floating_point_v<T>) {
      attributes.member == TENON_INIT_UNIFORM ? uniform<T>(out, attributes) : normal<T>(out, attributes);
    }
  });
  return true;
}

}  // namespace tenon::cpu
