// The layer's switches, and the plugin on top of it.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "device_operands.h"
#include "layer.h"
#include "operand.h"
#include "plugin_under_test.h"

namespace tenon::opencl_layer {

using conformance::Operand;
using conformance::PluginUnderTest;
using conformance::Role;
using conformance::Shape;

/// See layer.h.
struct Layer {
  decltype(&tenon_opencl_layer_fail_at) fail_at;
  decltype(&tenon_opencl_layer_calls) calls;
  decltype(&tenon_opencl_layer_fail_at_of) fail_at_of;
  decltype(&tenon_opencl_layer_calls_of) calls_of;
  decltype(&tenon_opencl_layer_live_bytes) live_bytes;
  decltype(&tenon_opencl_layer_live_handles) live_handles;
  decltype(&tenon_opencl_layer_answer) answer;
  decltype(&tenon_opencl_layer_answer_truly) answer_truly;
  decltype(&tenon_opencl_layer_keep_launches) keep_launches;
  decltype(&tenon_opencl_layer_launches) launches;
};
/// That of this process, which OpenCL loads with its first call. Throws std::runtime_error.
const Layer& layer();

/// A backend on two devices of PoCL, of one thread each. Throws what PluginUnderTest does.
std::unique_ptr<PluginUnderTest> open_plugin();

/// Skips a test where OpenCL is another, or knows no layers; afterwards all is as it was.
class LayerTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
};

/// Runs a call on host operands that go to the first device and back. Throws std::runtime_error as
/// conformance::DeviceBuffer does.
tenon_status run(const PluginUnderTest& plugin, std::uint32_t op, std::initializer_list<Operand*> inputs,
                 Operand& out, const void* attributes);

/// "" if each element is `value`, else what the first that is not is.
std::string all_are(const Operand& operand, double value);

}  // namespace tenon::opencl_layer
