#include "onednn/primitive.h"

#include "cpu/scratch.h"
#include "onednn/thread_owned.h"

#include <string_view>
#include <utility>

namespace tenon::onednn {
namespace {

const char* instruction_set() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return " SSE4.1";
    case dnnl::cpu_isa::avx:
      return " AVX";
    case dnnl::cpu_isa::avx2:
      return " AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return " AVX2 VNNI";
    case dnnl::cpu_isa::avx512_core:
      return " AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return " AVX-512 VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return " AVX-512 BF16";
    case dnnl::cpu_isa::avx512_core_amx:
      return " AMX";
    default:
      return "";
  }
}

/// oneDNN's products in AMX tiles go wrong if they fill the last tile in part: NaN of other rows gets in
/// (oneDNN issue 5717, up to 3.14), and some with k = 63 are illegal instructions (issue 1661, up to 2.7).
bool is_wrong_on_amx(std::string_view implementation, memory::dim summed) {
  constexpr memory::dim kTile = 32;
  return implementation.find("amx") != std::string_view::npos && summed % kTile != 0;
}

dnnl_stream_t this_threads_stream() {
  struct Streams;
  return thread_owned<Streams, dnnl::stream>([] { return dnnl::stream(cpu_engine()); }).get();
}

}  // namespace

const dnnl::engine& cpu_engine() {
  static const auto* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

std::string library_description() {
  const dnnl_version_t& version = *dnnl_version();
  return "oneDNN " + std::to_string(version.major) + '.' + std::to_string(version.minor) + '.' +
         std::to_string(version.patch) + instruction_set();
}

dnnl::primitive_attr new_attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);  // whatever ONEDNN_DEFAULT_FPMATH_MODE says
  return attributes;
}

std::optional<dnnl::matmul::primitive_desc> find_matmul(const dnnl::memory::desc& a,
                                                        const dnnl::memory::desc& b,
                                                        const dnnl::memory::desc& bias,
                                                        const dnnl::memory::desc& out,
                                                        const dnnl::primitive_attr& attributes) {
  try {
    const memory::dim summed = last_extent(a);
    dnnl::matmul::primitive_desc found =
        matmul_descriptor(cpu_engine(), a, b, bias, out, attributes,
                          [&](std::string_view name) { return !is_wrong_on_amx(name, summed); });
    if (std::string_view(found.impl_info_str()).starts_with("ref")) return std::nullopt;
    return found;
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments) return std::nullopt;
    throw;
  }
}

Primitive::Primitive(const dnnl::primitive_desc_base& descriptor, std::vector<Argument> in_order)
    : primitive(descriptor.get()),
      scratchpad(descriptor.query_md(dnnl::query::exec_arg_md, DNNL_ARG_SCRATCHPAD)),
      arguments(std::move(in_order)) {}

Execution::Execution(const Primitive& primitive)
    : primitive_(&primitive), scratchpad_bytes_(primitive.scratchpad.get_size()) {
  const auto append = [&](int name, const dnnl::memory::desc& descriptor) {
    memories_.emplace_back(descriptor, cpu_engine(), nullptr);
    arguments_.push_back({name, memories_.back().get()});
    data_.push_back(nullptr);
  };
  for (const Primitive::Argument& argument : primitive.arguments) {
    append(argument.name, argument.descriptor);
  }
  if (scratchpad_bytes_ != 0) append(DNNL_ARG_SCRATCHPAD, primitive.scratchpad);
}

void Execution::set_data(std::size_t i, void* data) {
  if (data_[i] == data) return;
  memories_[i].set_data_handle(data);  // allocates, to see whether there is padding to clear
  data_[i] = data;
}

void Execution::run(std::span<void* const> data, int threads) {
  for (std::size_t i = 0; i < data.size(); ++i) set_data(i, data[i]);
  const cpu::Scratch scratch(scratchpad_bytes_);
  if (scratchpad_bytes_ != 0) set_data(data.size(), scratch.as<void>());
  const OpenMpThreads scope(threads);
  dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_->primitive.get(), this_threads_stream(),
                                                 static_cast<int>(arguments_.size()), arguments_.data()),
                          "could not execute a primitive");
}

}  // namespace tenon::onednn
