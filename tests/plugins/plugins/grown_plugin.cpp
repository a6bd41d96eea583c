// A plugin that was built with the SDK and an abi.h of a newer minor, where every struct has a field more.
// It negates contiguous float32 vectors; from REDUCE it returns what it sees of the newer fields.
#include <tenon/plugin/backend.hpp>

#include <string>

namespace {

using namespace tenon::plugin;

class GrownBackend : public Backend {
 public:
  int score(std::string&) override { return 3; }
  std::string library() override { return "grown library 9.9"; }
  bool supports(const Call& call) const override {
    return call.op() == TENON_OP_REDUCE || (call.op() == TENON_OP_UNARY && call.member() == TENON_UNARY_NEG);
  }
  bool run(const Call& call) override {
    if (!supports(call)) return false;
    auto* const out = call.output().data<float>();
    if (call.op() == TENON_OP_REDUCE) {
      const auto attributes = call.attributes<tenon_reduce_attributes>();
      out[0] = static_cast<float>(attributes.axes);
      out[1] = static_cast<float>(attributes.appended);
      out[2] = static_cast<float>(host->appended);
      return true;
    }
    const auto* const x = call.input(0).data<float>();
    for (std::int64_t i = 0; i < call.output().size(); ++i) out[i] = -x[i];
    return true;
  }
};

}  // namespace

TENON_EXPORT_BACKEND(tenon::plugin::entry<GrownBackend>, "grown", "9.9", "", "", "", 3)
