// A plugin that negates contiguous float32 vectors and answers ABS with TENON_INVALID and x[0] as text, or
// that misbehaves in the way TEST_BEHAVIOUR says.
#include "behaviour.h"

#include <tenon/plugin/backend.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace tenon::plugin;

constexpr Behaviour kBehaviour = Behaviour::TEST_BEHAVIOUR;

class TestBackend : public Backend {
 public:
  TestBackend() {
    if (kBehaviour == Behaviour::kCreateFails) throw std::runtime_error("the test device is on fire");
  }
  int score(std::string& reason) override {
    if (kBehaviour == Behaviour::kScoreZero) reason = "the test device is missing";
    return kBehaviour == Behaviour::kScoreZero ? 0 : kBehaviour == Behaviour::kScoreAboveCeiling ? 99 : 3;
  }
  std::string library() override { return "test library 1.2"; }
  bool supports(const Call& call) const override {
    return call.op() == TENON_OP_UNARY && call.member() <= TENON_UNARY_ABS;
  }
  bool run(const Call& call) override {
    if (!supports(call)) return false;
    const float* const x = call.input(0).data<float>();
    if (call.member() == TENON_UNARY_ABS) throw InvalidData("x[0] is " + std::to_string(x[0]));
    for (std::int64_t i = 0; i < call.output().size(); ++i) call.output().data<float>()[i] = -x[i];
    return true;
  }
};

tenon_backend_table misbehaving(tenon_backend_table table) {
  switch (kBehaviour) {
    case Behaviour::kOtherMajorTable:
      table.abi_major = TENON_ABI_MAJOR + 1;
      break;
    case Behaviour::kShortTable:
      table.struct_size = offsetof(tenon_backend_table, run);
      break;
    case Behaviour::kTableWithoutRun:
      table.run = nullptr;
      break;
    case Behaviour::kHalfAMemory:
      table.allocate = [](tenon_backend*, std::int32_t, std::size_t, void**) -> tenon_status {
        return TENON_OUT_OF_MEMORY;
      };
      break;
    case Behaviour::kNoDevice:
      table.device_count = [](tenon_backend*) { return std::int32_t{0}; };
      break;
    case Behaviour::kPropertiesFail:
      table.device_properties = [](tenon_backend*, std::int32_t, tenon_device_properties*) -> tenon_status {
        host->set_error("the test device does not answer");
        return TENON_FAILED;
      };
      break;
    case Behaviour::kNotCpu:
      table.device_properties = [](tenon_backend*, std::int32_t, tenon_device_properties* properties) {
        properties->device = DLDevice{kDLCUDA, 0};
        return tenon_status{TENON_OK};
      };
      break;
    default:
      break;
  }
  return table;
}

const tenon_backend_table* test_entry(const tenon_host* offered) {
  switch (kBehaviour) {
    case Behaviour::kEntryReturnsNull:
      offered->set_error("no licence for\nthe test device");
      return nullptr;
    case Behaviour::kEntryReturnsNullSilently:
      return nullptr;
    case Behaviour::kEntryThrowsException:
      throw std::runtime_error("the entry gave up");
    case Behaviour::kEntryThrowsInt:
      throw 42;
    default:
      break;
  }
  static const tenon_backend_table table = misbehaving(*entry<TestBackend>(offered));
  return &table;
}

}  // namespace

TENON_EXPORT_BACKEND(test_entry, "test", "1.2.3", "test library", "", "", 7)
