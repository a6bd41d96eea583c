// The backend `blas`: floating-point matmul goes to CBLAS, einsum by way of it, everything else to the shared
// kernels.
#include "blas/cblas_library.h"
#include "blas/matmul.h"
#include "cpu/kernels.h"
#include "cpu/scratch.h"

#include <tenon/plugin/backend.hpp>
#include <tenon/plugin/einsum.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace tenon::blas {
namespace {

constexpr int kScore = 50;
constexpr std::int32_t kWarning = 2;  // of tenon_host.log

class BlasBackend final : public plugin::Backend {
 public:
  BlasBackend() {
    try {
      library_.emplace();
    } catch (const std::runtime_error& error) {
      reason_ = error.what();
      // Another backend may take its place, and the wish would go unheard.
      if (chosen_library() != nullptr)
        plugin::host->log(kWarning, ("[blas] not available: " + reason_).c_str());
    }
  }

  int score(std::string& reason) override {
    reason = reason_;
    return library_ ? kScore : 0;
  }

  std::string library() override { return library_ ? library_->description() : std::string(); }

  bool supports(const plugin::Call& call) const override { return support(call) != plugin::Support::none; }

  plugin::Support support(const plugin::Call& call) const override {
    if (call.op() == TENON_OP_EINSUM) {
      const bool lowered = plugin::EinsumLowering(call).run(
          nullptr, [this](const tenon_call& part) { return supports(plugin::Call(part)); });
      return lowered ? plugin::Support::composed : plugin::Support::none;
    }
    if (!library_) return plugin::Support::none;
    if (call.op() == TENON_OP_MATMUL && supports_matmul(call)) return plugin::Support::native;
    return cpu::supports(call) ? plugin::Support::shared : plugin::Support::none;
  }

  bool run(const plugin::Call& call) override {
    if (call.op() == TENON_OP_EINSUM) {
      const plugin::EinsumLowering lowering(call);
      const cpu::Scratch scratch(lowering.scratch_bytes());
      return lowering.run(scratch.as<void>(),
                          [this](const tenon_call& part) { return run(plugin::Call(part)); });
    }
    if (call.op() == TENON_OP_MATMUL && library_ && supports_matmul(call)) {
      matmul(*library_, call);
      return true;
    }
    return cpu::run(call);
  }

 private:
  std::optional<CblasLibrary> library_;
  std::string reason_;
};

}  // namespace
}  // namespace tenon::blas

TENON_EXPORT_BACKEND(tenon::plugin::entry<tenon::blas::BlasBackend>, "blas", TENON_BLAS_VERSION,
                     TENON_CBLAS_NAME, "", "", 50)
