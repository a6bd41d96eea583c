// The backend `onednn`: matmul and some copies and sums by oneDNN's primitives, einsum by way of matmul,
// everything else by the shared kernels; README.md says why.
#include "cpu/kernels.h"
#include "cpu/matmul_in_parts.h"
#include "cpu/scratch.h"
#include "onednn/bfloat16.h"
#include "onednn/copy.h"
#include "onednn/matmul.h"
#include "onednn/primitive.h"
#include "onednn/sum.h"

#include <tenon/plugin/backend.hpp>
#include <tenon/plugin/einsum.hpp>

#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace tenon::onednn {
namespace {

constexpr int kScore = 60;

/// float32, and bfloat16, which the primitive takes where the CPU has it; oneDNN has no float64 on CPUs.
bool is_matmul(const plugin::Call& call) {
  return call.op() == TENON_OP_MATMUL && call.output().dlpack().dtype.bits <= 32 &&
         cpu::supports_matmul_in_parts(call);
}

class OneDnnBackend final : public plugin::Backend {
 public:
  OneDnnBackend() {
    try {
      cpu_engine();
    } catch (const dnnl::error& error) {
      reason_ = library_description() + " does not start: " + error.what();
    }
  }

  int score(std::string& reason) override {
    reason = reason_;
    return reason_.empty() ? kScore : 0;
  }

  std::string library() override { return library_description(); }

  std::uint32_t flags() override { return flushes_bfloat16() ? TENON_FLAG_FLUSHES_DENORMALS : 0; }

  bool supports(const plugin::Call& call) const override { return support(call) != plugin::Support::none; }

  plugin::Support support(const plugin::Call& call) const override {
    if (call.op() == TENON_OP_EINSUM) {
      const bool lowered = plugin::EinsumLowering(call).run(
          nullptr, [this](const tenon_call& part) { return supports(plugin::Call(part)); });
      return lowered ? plugin::Support::composed : plugin::Support::none;
    }
    if (by_primitive(call, false)) return plugin::Support::native;
    return cpu::supports(call) ? plugin::Support::shared : plugin::Support::none;
  }

  bool run(const plugin::Call& call) override {
    if (call.op() == TENON_OP_EINSUM) {
      const plugin::EinsumLowering lowering(call);
      const cpu::Scratch scratch(lowering.scratch_bytes());
      return lowering.run(scratch.as<void>(),
                          [this](const tenon_call& part) { return run(plugin::Call(part)); });
    }
    try {
      return by_primitive(call, true) || cpu::run(call);
    } catch (const dnnl::error& error) {
      if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
      throw std::runtime_error(library_description() + ": " + error.what());
    }
  }

 private:
  /// Whether a primitive is the way for this call: right, and no slower than the shared kernel. Does it if
  /// `run`.
  static bool by_primitive(const plugin::Call& call, bool run) {
    switch (call.op()) {
      case TENON_OP_MATMUL:
        if (!is_matmul(call)) return false;
        if (run) matmul(call);
        return true;
      case TENON_OP_COPY:
        return reorder(call, run);
      case TENON_OP_REDUCE:
        return sum_rows(call, run);
      default:
        return false;
    }
  }

  std::string reason_;
};

}  // namespace
}  // namespace tenon::onednn

TENON_EXPORT_BACKEND(tenon::plugin::entry<tenon::onednn::OneDnnBackend>, "onednn", TENON_ONEDNN_VERSION,
                     TENON_DNNL_NAME, "", "", 60)
