// INIT: numbers made from the logical index alone.
#include "opencl/families.h"

#include <bit>
#include <cmath>
#include <limits>

namespace tenon::opencl {
namespace {

using plugin::TypeTag;

/// The next value below `high`.
template <typename T>
std::uint64_t next_below(double high) {
  const T nearest = static_cast<T>(high);
  const T below = nearest < high ? nearest : std::nextafter(nearest, -std::numeric_limits<T>::infinity());
  return element_bits({static_cast<double>(below), 0}, plugin::dtype_of<T>());
}

}  // namespace

std::uint64_t element_bits(const tenon_number& number, DType dtype) {
  return plugin::visit_dtype(dtype, [&]<typename T>(TypeTag<T>) -> std::uint64_t {
    if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<std::uint64_t>(number.real);
    } else if constexpr (std::is_same_v<T, float>) {
      return std::bit_cast<std::uint32_t>(static_cast<float>(number.real));
    } else if constexpr (std::is_same_v<T, bfloat16>) {
      return bfloat16(static_cast<float>(number.real)).bits;
    } else {
      return static_cast<std::uint64_t>(plugin::cast_element<T>(number.integer));
    }
  });
}

void run_init(Device& device, const plugin::Call& call) {
  const plugin::View out = call.output();
  const DType dtype = out.dtype();
  const cl_mem memory = memory_of(out);
  const auto attributes = call.attributes<tenon_init_attributes>();
  const tenon_number first = attributes.value[0];
  const tenon_number second = attributes.value[1];
  const cl_ulong seed = attributes.seed;
  const cl_ulong offset = attributes.offset;
  Nest({out}).for_each_layout([&](const Layout& layout) {
    const Range range = lanes(layout);
    switch (attributes.member) {
      case TENON_INIT_FILL: {
        const cl_ulong bits = element_bits(first, dtype);
        device.launch(KernelId::fill, dtype, range, memory, layout, bits);
        break;
      }
      case TENON_INIT_EYE: {
        const auto rank = static_cast<std::size_t>(out.rank());
        const cl_ulong one = element_bits({1, 1}, dtype);
        const cl_long rows = out.shape()[rank - 2];
        const cl_long columns = out.shape()[rank - 1];
        const cl_long diagonal = first.integer;
        device.launch(KernelId::eye, dtype, range, memory, layout, one, rows, columns, diagonal);
        break;
      }
      case TENON_INIT_ARANGE: {
        const DType computed = plugin::is_floating(dtype) ? DType::float64 : DType::int64;
        const cl_ulong start = element_bits(first, computed);
        const cl_ulong step = element_bits(second, computed);
        device.launch(KernelId::arange, dtype, range, memory, layout, start, step);
        break;
      }
      case TENON_INIT_RANDOM_BITS:
        device.launch(KernelId::random_bits, dtype, range, memory, layout, seed, offset);
        break;
      case TENON_INIT_UNIFORM: {
        const cl_ulong below =
            dtype == DType::float32 ? next_below<float>(second.real) : next_below<double>(second.real);
        device.launch(KernelId::uniform_reals, dtype, range, memory, layout, seed, offset, first.real,
                      second.real, below);
        break;
      }
      default:
        device.launch(KernelId::normal_reals, dtype, range, memory, layout, seed, offset, first.real,
                      second.real);
    }
  });
}

}  // namespace tenon::opencl
