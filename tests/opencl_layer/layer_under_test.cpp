#include "layer_under_test.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

namespace tenon::opencl_layer {
namespace {

// Before anything calls OpenCL.
[[maybe_unused]] const int layer_is_set = setenv("OPENCL_LAYERS", TENON_OPENCL_LAYER, 1);
[[maybe_unused]] const int devices_are_set = setenv("POCL_DEVICES", "basic basic", 1);

template <typename Function>
void find(void* module, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(module, name));
  if (function == nullptr) throw std::runtime_error(dlerror());
}

Layer find_layer() {
  void* const module = dlopen(TENON_OPENCL_LAYER, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) throw std::runtime_error(dlerror());
  Layer layer{};
  find(module, "tenon_opencl_layer_fail_at", layer.fail_at);
  find(module, "tenon_opencl_layer_calls", layer.calls);
  find(module, "tenon_opencl_layer_fail_at_of", layer.fail_at_of);
  find(module, "tenon_opencl_layer_calls_of", layer.calls_of);
  find(module, "tenon_opencl_layer_live_bytes", layer.live_bytes);
  find(module, "tenon_opencl_layer_live_handles", layer.live_handles);
  find(module, "tenon_opencl_layer_answer", layer.answer);
  find(module, "tenon_opencl_layer_answer_truly", layer.answer_truly);
  find(module, "tenon_opencl_layer_keep_launches", layer.keep_launches);
  find(module, "tenon_opencl_layer_launches", layer.launches);
  return layer;
}

/// Why the tests cannot be run here; "" if they can.
std::string find_obstacle() {
  try {
    const std::unique_ptr<PluginUnderTest> plugin = open_plugin();
    if (layer().calls() == 0) return "this loader of OpenCL has no layers";
    const bool is_alone = plugin->table().device_count(plugin->backend()) == 2;
    return is_alone ? "" : "PoCL is not the only OpenCL here";
  } catch (const conformance::NoDevice& error) {
    return error.what();
  }
}

}  // namespace

const Layer& layer() {
  static const Layer only = find_layer();
  return only;
}

std::unique_ptr<PluginUnderTest> open_plugin() {
  return std::make_unique<PluginUnderTest>(TENON_OPENCL_BACKEND, conformance::Coverage::complete);
}

void LayerTest::SetUp() {
  static const std::string obstacle = find_obstacle();
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
}

void LayerTest::TearDown() {
  layer().fail_at(0);
  layer().answer_truly();
}

tenon_status run(const PluginUnderTest& plugin, std::uint32_t op, std::initializer_list<Operand*> inputs,
                 Operand& out, const void* attributes) {
  std::vector<DLTensor> tensors;
  std::vector<Operand*> operands;
  for (Operand* const input : inputs) {
    tensors.push_back(input->tensor());
    operands.push_back(input);
  }
  operands.push_back(&out);
  const DLTensor output = out.tensor();
  return conformance::run_call(plugin,
                               {sizeof(tenon_call), op, static_cast<std::uint32_t>(tensors.size()), 1,
                                tensors.data(), &output, attributes, nullptr},
                               operands);
}

std::string all_are(const Operand& operand, double value) {
  for (std::int64_t i = 0; i < operand.size(); ++i) {
    if (operand.at(i) != value) return operand.index_text(i) + " is " + std::to_string(operand.at(i));
  }
  return {};
}

}  // namespace tenon::opencl_layer
