// Asking a backend what it does, without running anything.
#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/op_table.h>

#include <fmt/format.h>

#include <array>

#include "../ops/elementwise.h"
#include "registry.h"

namespace tenon {
namespace {

// A contiguous operand without memory: supports() looks at dtypes, shapes and strides only.
class Sample {
 public:
  Sample(const Shape& shape, DType dtype, DLDevice device)
      : shape_(shape), strides_(contiguous_strides(shape)), dtype_(dtype), device_(device) {}
  [[nodiscard]] DLTensor frame() {
    return {
        nullptr,         device_, static_cast<int>(shape_.size()), plugin::to_dlpack(dtype_), shape_.data(),
        strides_.data(), 0};
  }

 private:
  Shape shape_;
  Strides strides_;
  DType dtype_;
  DLDevice device_;
};

union AnyAttributes {
  tenon_member_attributes member;
  tenon_init_attributes init;
  tenon_reduce_attributes reduce;
  tenon_matmul_attributes matmul;
  tenon_index_attributes index;
  tenon_einsum_attributes einsum;
  tenon_softmax_attributes softmax;
};

}  // namespace

Coverage backend_coverage(std::string_view backend, Op op, DType dtype) {
  const dispatch::Backend* found = dispatch::Registry::instance().find(backend);
  if (found == nullptr) throw BackendError(fmt::format("backend '{}' cannot be used", backend));
  const DLDevice device = found->plugin->properties().device;
  const OpInfo& row = info(op);
  Sample operand({4, 4}, dtype, device);
  Sample indices({4, 4}, DType::int64, device);
  Sample condition({4, 4}, DType::boolean, device);
  const DType result_dtype = ops::result_dtype(op, dtype);
  Sample reduced({4, 1}, result_dtype, device);
  Sample result(op == Op::one_hot ? Shape{4, 4, 4} : Shape{4, 4}, result_dtype, device);
  AnyAttributes attributes{};
  std::array<DLTensor, 3> inputs = {operand.frame(), operand.frame(), operand.frame()};
  std::uint32_t count = 0;
  switch (row.family) {
    case TENON_OP_INIT:
      attributes.init = {sizeof(tenon_init_attributes), row.member, {{0, 0}, {1, 1}}, 0, 0};
      break;
    case TENON_OP_REDUCE:
      attributes.reduce = {sizeof(tenon_reduce_attributes), row.member, 2};
      count = 1;
      break;
    case TENON_OP_MATMUL:
      attributes.matmul = {sizeof(tenon_matmul_attributes), TENON_NO_ACTIVATION, {1, 1}, {0, 0}};
      count = 2;
      break;
    case TENON_OP_EINSUM:  // ij,jk->ik
      attributes.einsum = {sizeof(tenon_einsum_attributes), {{0, 1}, {1, 2}, {0, 2}}};
      count = 2;
      break;
    case TENON_OP_SOFTMAX:
      attributes.softmax = {sizeof(tenon_softmax_attributes), row.member, 1};
      count = 1;
      break;
    case TENON_OP_INDEX:
      attributes.index = {sizeof(tenon_index_attributes), row.member, 1};
      count = op == Op::one_hot ? 1 : 2;
      inputs[op == Op::gather ? 1 : 0] = indices.frame();
      break;
    default:
      attributes.member = {sizeof(tenon_member_attributes), row.member};
      count = row.family == TENON_OP_TERNARY ? 3 : row.family == TENON_OP_BINARY ? 2 : 1;
      if (op == Op::where) inputs[0] = condition.frame();
  }
  const DLTensor output = row.family == TENON_OP_REDUCE ? reduced.frame() : result.frame();
  const tenon_call call = {sizeof(tenon_call),
                           row.family,
                           count,
                           1,
                           inputs.data(),
                           &output,
                           row.family == TENON_OP_COPY ? nullptr : &attributes,
                           nullptr};
  switch (found->table->supports(found->instance, &call)) {
    case TENON_SUPPORT_NONE:
      return row.optional && is_floating(dtype) ? Coverage::decomposition : Coverage::fallback;
    case TENON_SUPPORT_SHARED:
      return Coverage::shared;
    case TENON_SUPPORT_COMPOSED:
      return Coverage::decomposition;
    default:
      return Coverage::native;
  }
}

}  // namespace tenon
