#include "onednn/bfloat16.h"

#include "onednn/primitive.h"

#include <tenon/plugin/dtype.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace tenon::onednn {
namespace {

using dnnl::memory;

constexpr memory::dim kSize = 64;

memory::desc square(memory::data_type type) { return {{kSize, kSize}, type, memory::dims{kSize, 1}}; }

std::optional<dnnl::matmul::primitive_desc> find_product() {
  const memory::desc factor = square(memory::data_type::bf16);
  return find_matmul(factor, factor, memory::desc(), square(memory::data_type::f32), new_attributes());
}

}  // namespace

// Elsewhere oneDNN emulates it: infinities become NaN (2.6.3, AVX-512 without BF16).
bool multiplies_bfloat16() {
  constexpr auto kNeeded = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  static const bool answer = (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded &&
                             find_product().has_value();
  return answer;
}

bool flushes_bfloat16() {
  static const bool answer = [] {
    if (!multiplies_bfloat16()) return false;
    const auto found = find_product();
    const memory::desc factor = square(memory::data_type::bf16);
    const Primitive product(
        *found,
        {{DNNL_ARG_SRC, factor}, {DNNL_ARG_WEIGHTS, factor}, {DNNL_ARG_DST, square(memory::data_type::f32)}});
    bfloat16 tiny[kSize * kSize];
    bfloat16 ones[kSize * kSize];
    float out[kSize * kSize];
    std::fill(std::begin(tiny), std::end(tiny), bfloat16(0x1p-130F));
    std::fill(std::begin(ones), std::end(ones), bfloat16(1.0F));
    void* const data[] = {tiny, ones, out};
    Execution(product).run(data, 1);
    return out[0] == 0;
  }();
  return answer;
}

}  // namespace tenon::onednn
