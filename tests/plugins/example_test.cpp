// The example in C and the template: both load, and do what they say on strided, broadcast and empty tensors.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace tenon::plugin {
namespace {

/// A float32 tensor over borrowed memory.
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  std::vector<float>* memory;
  std::uint64_t byte_offset = 0;
  DLDataType dtype = {kDLFloat, 32, 1};

  [[nodiscard]] DLTensor view() {
    return {memory->data(), {kDLCPU, 0}, static_cast<std::int32_t>(shape.size()), dtype, shape.data(),
            strides.data(), byte_offset};
  }
};

struct Answer {
  bool supported;
  tenon_status status;
};

Answer call_member(const Plugin& plugin, std::uint32_t op, std::uint32_t member, std::vector<Tensor> inputs,
                   Tensor output) {
  std::vector<DLTensor> views;
  views.reserve(inputs.size());
  for (Tensor& input : inputs) views.push_back(input.view());
  const DLTensor out = output.view();
  const tenon_member_attributes attributes = {sizeof attributes, member};
  const tenon_call call = {
      sizeof call, op, static_cast<std::uint32_t>(views.size()), 1, views.data(), &out, &attributes, nullptr};
  const bool supported = plugin.table().supports(plugin.instance(), &call) == 1;
  return {supported, plugin.table().run(plugin.instance(), &call)};
}

class Example : public testing::TestWithParam<const char*> {
 protected:
  PluginDirectory directory_;
  Running running_{directory_.candidate(directory_.add("example", GetParam()))};
  const Plugin& plugin_ = running_.plugin();
};

TEST_P(Example, AddsTransposedAndBroadcastTensors) {
  std::vector<float> a(6);  // a 3 x 2 tensor, seen transposed
  std::iota(a.begin(), a.end(), 1.0F);
  std::vector<float> b = {-1.0F, 100.0F, 200.0F, 300.0F};  // a row, after one element of offset
  std::vector<float> out(12, 7.0F);                        // every other element
  const Answer answer =
      call_member(plugin_, TENON_OP_BINARY, TENON_BINARY_ADD,
                  {{{2, 3}, {1, 2}, &a}, {{2, 3}, {0, 1}, &b, sizeof(float)}}, {{2, 3}, {6, 2}, &out});
  EXPECT_TRUE(answer.supported);
  EXPECT_EQ(answer.status, TENON_OK);
  EXPECT_EQ(out, (std::vector<float>{101, 7, 203, 7, 305, 7, 102, 7, 204, 7, 306, 7}));
}

TEST_P(Example, AddsScalarsAndNothing) {
  std::vector<float> a = {1.0F};
  std::vector<float> out = {5.0F};
  EXPECT_EQ(
      call_member(plugin_, TENON_OP_BINARY, TENON_BINARY_ADD,
                  {{{2, 0, 3}, {1, 1, 1}, &a}, {{2, 0, 3}, {1, 1, 1}, &a}}, {{2, 0, 3}, {1, 1, 1}, &out})
          .status,
      TENON_OK);
  EXPECT_EQ(out[0], 5.0F);
  EXPECT_EQ(
      call_member(plugin_, TENON_OP_BINARY, TENON_BINARY_ADD, {{{}, {}, &a}, {{}, {}, &a}}, {{}, {}, &out})
          .status,
      TENON_OK);
  EXPECT_EQ(out[0], 2.0F);
}

TEST_P(Example, DeclinesTheRestAndTouchesNothing) {
  std::vector<float> a = {1.0F, 2.0F};
  std::vector<float> out = {5.0F, 6.0F};
  const Tensor x = {{2}, {1}, &a};
  const Tensor integers = {{2}, {1}, &a, 0, {kDLInt, 32, 1}};
  const Answer answers[] = {
      call_member(plugin_, TENON_OP_BINARY, TENON_BINARY_DIV, {x, x}, {{2}, {1}, &out}),
      call_member(plugin_, TENON_OP_BINARY, TENON_BINARY_ADD, {integers, integers}, {{2}, {1}, &out}),
      call_member(plugin_, TENON_OP_UNARY, TENON_UNARY_EXP, {x}, {{2}, {1}, &out}),
  };
  for (const Answer& answer : answers) {
    EXPECT_FALSE(answer.supported);
    EXPECT_EQ(answer.status, TENON_UNSUPPORTED);
  }
  EXPECT_EQ(out, (std::vector<float>{5.0F, 6.0F}));
}

INSTANTIATE_TEST_SUITE_P(Backends, Example, testing::Values("c-example", "my"), [](const auto& info) {
  return std::string(info.param) == "my" ? std::string("template") : std::string("c_example");
});

TEST(CExample, Multiplies) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("c", "c-example")));
  EXPECT_EQ(running.plugin().candidate().name, "c-example");
  EXPECT_EQ(running.plugin().score(), 2);
  std::vector<float> a = {1.5F, -2.0F};
  std::vector<float> out = {0.0F, 0.0F};
  const Tensor x = {{2}, {1}, &a};
  EXPECT_EQ(call_member(running.plugin(), TENON_OP_BINARY, TENON_BINARY_MUL, {x, x}, {{2}, {1}, &out}).status,
            TENON_OK);
  EXPECT_EQ(out, (std::vector<float>{2.25F, 4.0F}));
}

TEST(Template, NegatesAndRectifies) {
  const PluginDirectory directory;
  const Running running(directory.candidate(directory.add("my", "my")));
  EXPECT_EQ(running.plugin().candidate().name, "my");
  expect_negates(running);
  std::vector<float> x = {1.5F, -2.0F, -0.0F, std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> out(4, 9.0F);
  EXPECT_EQ(running.unary(TENON_UNARY_RELU, x, out), TENON_OK);
  EXPECT_EQ(out[0], 1.5F);
  EXPECT_EQ(out[1], 0.0F);
  EXPECT_FALSE(std::signbit(out[2]));
  EXPECT_TRUE(std::isnan(out[3]));
}

}  // namespace
}  // namespace tenon::plugin
