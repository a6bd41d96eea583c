// The op table: names and order, calls by name, and arguments as text.
#include <gtest/gtest.h>
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/op_table.h>
#include <tenon/ops.h>
#include <tenon/random.h>
#include <tenon/storage.h>
#include <tenon/views.h>

#include <set>

#include "expect_error.h"

namespace tenon {
namespace {

using test::expect_error;

TEST(OpTable, ListsThePrimitivesInTheOrderOfOp) {
  EXPECT_EQ(info(Op::fill).name, "fill");
  EXPECT_EQ(info(Op::copy).name, "copy");
  EXPECT_EQ(info(Op::isnan).name, "isnan");
  EXPECT_EQ(info(Op::add).name, "add");
  EXPECT_EQ(info(Op::bitwise_xor).name, "bitwise_xor");
  EXPECT_EQ(info(Op::clamp).name, "clamp");
  EXPECT_EQ(info(Op::argmin).name, "argmin");
  EXPECT_EQ(info(Op::matmul).name, "matmul");
  EXPECT_EQ(info(Op::one_hot).name, "one_hot");
  EXPECT_EQ(info(Op::log_softmax).name, "log_softmax");
  for (std::size_t i = 0; i < op_table().size(); ++i) {
    EXPECT_EQ(op_table()[i].family != 0, i < kOpCount) << op_table()[i].name;
  }
}

TEST(OpTable, NamesEveryOpOnceWithFormulaAndCall) {
  std::set<std::string_view> names;
  for (const OpInfo& row : op_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.formula.empty()) << row.name;
    EXPECT_NE(row.invoke, nullptr) << row.name;
    EXPECT_EQ(&find_op(row.name), &row);
  }
}

TEST(OpTable, SuggestsTheNearestName) {
  expect_error<IndexError>([] { find_op("matmull"); }, "'matmull'", "did you mean 'matmul'");
}

TEST(Invoke, CallsThePublicFunction) {
  const std::vector<Tensor> x = {view(arange(6), {2, 3})};
  EXPECT_TRUE(equal(invoke("sum", x, {{"axis", "0"}, {"keepdim", "true"}}), sum(x[0], {0}, true)));
  EXPECT_TRUE(equal(invoke("reshape", x, {{"shape", "3x-1"}}), view(x[0], {3, 2})));
  EXPECT_EQ(invoke("fill", {}, {{"shape", ""}, {"value", "2"}}).shape(), Shape{});
}

TEST(Invoke, OfCopyIsAlwaysACopy) {
  const std::vector<Tensor> x = {transpose(zeros({2, 3}))};
  for (const char* dtype : {"", "float32"}) {
    const Tensor copied = invoke("copy", x, {{"dtype", dtype}});
    EXPECT_TRUE(copied.is_contiguous()) << dtype;
    EXPECT_NE(copied.storage(), x[0].storage()) << dtype;
  }
}

TEST(Invoke, ChecksTheNumberOfTensors) {
  const std::vector<Tensor> one = {ones({1})};
  expect_error<ShapeError>([&] { invoke("add", one); }, "[add]", "(a b)", "1");
  EXPECT_THROW(invoke("concat", {}), ShapeError);
  EXPECT_THROW(invoke("fill", one, {{"shape", "1"}, {"value", "1"}}), ShapeError);
}

TEST(Invoke, TakesOptionalTensorsOrLeavesThemOut) {
  const std::vector<Tensor> x = {ones({2, 3}), ones({4, 3}), ones({4})};
  EXPECT_TRUE(equal(invoke("linear", x), linear(x[0], x[1], x[2])));
  EXPECT_TRUE(equal(invoke("linear", std::span(x).first(2)), linear(x[0], x[1])));
  expect_error<ShapeError>([&] { invoke("linear", std::span(x).first(1)); }, "[linear]", "(x weight [bias])");
  EXPECT_THROW(invoke("linear", std::vector<Tensor>(4, ones({1}))), ShapeError);
}

TEST(OpTable, NamesTheInputs) {
  const std::vector<InputInfo> linear = inputs_of(find_op("linear"));
  ASSERT_EQ(linear.size(), 3U);
  EXPECT_EQ(linear[1].name, "weight");
  EXPECT_FALSE(linear[1].optional);
  EXPECT_EQ(linear[2].name, "bias");
  EXPECT_TRUE(linear[2].optional);
  const std::vector<InputInfo> stack = inputs_of(find_op("stack"));
  ASSERT_EQ(stack.size(), 1U);
  EXPECT_EQ(stack[0].name, "tensors");
  EXPECT_TRUE(stack[0].repeats);
  EXPECT_TRUE(inputs_of(find_op("fill")).empty());
}

TEST(OpTable, SaysWhichDTypesAnOpAccepts) {
  expect_error<DTypeError>([] { neg(ones({1}, DType::boolean)); }, "[neg]", "bool");
  expect_error<DTypeError>([] { arange(0, 2, 1, DType::boolean); }, "[arange]", "bool");
  expect_error<DTypeError>([] { bitwise_and(ones({1}), ones({1})); }, "[bitwise_and]", "float32");
  expect_error<DTypeError>([] { uniform({1}, 0, 1, DType::int32); }, "[uniform]", "int32");
  EXPECT_EQ(info(Op::scatter_add).accepts, Accepts::no_bool);
}

TEST(Invoke, ChecksNamesAndPresenceOfArguments) {
  const std::vector<Tensor> one = {ones({1})};
  expect_error<IndexError>(
      [&] {
        invoke("sum", one, {{"axes", "0"}});
      },
      "[sum]", "--axes", "did you mean --axis");
  expect_error<IndexError>([] { invoke("fill", {}, {{"shape", "2"}}); }, "[fill]", "--value", "missing");
  EXPECT_THROW(invoke("neg", one, {{"axis", "0"}}), IndexError);
}

TEST(Invoke, RefusesTextThatIsNoValue) {
  const std::vector<Tensor> one = {ones({1})};
  for (const char* text : {"x", "1,", ",1", "1x", "1 2", "1.5", "99999999999999999999", "--1"}) {
    EXPECT_THROW(invoke("sum", one, {{"axis", text}}), IndexError) << text;
  }
  expect_error<IndexError>(
      [&] {
        invoke("sum", one, {{"keepdim", "maybe"}});
      },
      "--keepdim maybe", "true or false");
  EXPECT_THROW(invoke("fill", {}, {{"shape", "2"}, {"value", "1e999x"}}), IndexError);
  EXPECT_THROW(invoke("fill", {}, {{"shape", "2"}, {"value", "1"}, {"dtype", "float"}}), DTypeError);
  EXPECT_THROW(invoke("fill", {}, {{"shape", "-2"}, {"value", "1"}}), ShapeError);
}

TEST(BackendCoverage, SaysHowABackendDoesAnOp) {
  EXPECT_EQ(backend_coverage("naive", Op::matmul, DType::bfloat16), Coverage::native);
  EXPECT_EQ(backend_coverage("naive", Op::gather, DType::boolean), Coverage::native);
  EXPECT_EQ(backend_coverage("naive", Op::where, DType::uint8), Coverage::native);
  EXPECT_EQ(backend_coverage("naive", Op::random_bits, DType::int64), Coverage::native);
  EXPECT_EQ(backend_coverage("naive", Op::softmax, DType::float32), Coverage::native);
  EXPECT_EQ(backend_coverage("blas", Op::matmul, DType::float32), Coverage::native);
  EXPECT_EQ(backend_coverage("blas", Op::add, DType::float32), Coverage::shared);
  EXPECT_EQ(backend_coverage("blas", Op::einsum, DType::float32), Coverage::decomposition);
  EXPECT_EQ(backend_coverage("naive", Op::exp, DType::int32), Coverage::fallback);
  EXPECT_EQ(backend_coverage("naive", Op::bitwise_and, DType::float32), Coverage::fallback);
  EXPECT_EQ(backend_coverage("naive", Op::uniform, DType::int64), Coverage::fallback);
  EXPECT_THROW(backend_coverage("nowhere", Op::add, DType::float32), BackendError);
}

}  // namespace
}  // namespace tenon
