#include "onednn/sum.h"

#include "cpu/loop.h"
#include "cpu/threads.h"
#include "onednn/layout.h"
#include "onednn/primitive_use.h"

#include <algorithm>
#include <string_view>

namespace tenon::onednn {
namespace {

using dnnl::memory;
using plugin::Call;
using plugin::View;

// Where the reduction was measured to be faster than the shared kernel.
constexpr std::int64_t kShortestRow = 48;
constexpr std::int64_t kLongestRow = 384;
constexpr std::int64_t kFewestRows = 256;

std::shared_ptr<const PrimitivePlan> make_plan(std::int64_t rows, std::int64_t length) {
  auto plan = std::make_shared<PrimitivePlan>();
  Layout from;
  from.add(rows, length);
  from.add(length, 1);
  Layout to;
  to.add(rows, 1);
  to.add(1, 1);
  const memory::desc from_desc = from.descriptor(memory::data_type::f32);
  const memory::desc to_desc = to.descriptor(memory::data_type::f32);
  const dnnl::primitive_desc found = sum_descriptor(cpu_engine(), from_desc, to_desc, new_attributes());
  if (!std::string_view(found.impl_info_str()).starts_with("jit")) return plan;
  plan->emplace(found, std::vector<Primitive::Argument>{{DNNL_ARG_SRC, from_desc}, {DNNL_ARG_DST, to_desc}});
  return plan;
}

struct Sums {
  using Plan = PrimitivePlan;
  using Use = PrimitiveUse;
};

CallKey key_of(std::int64_t rows, std::int64_t length, int threads) {
  CallKey key;
  key.add(threads);
  key.add(rows);
  key.add(length);
  return key;
}

/// float32, over the last axis, all of it dense in row-major order.
bool is_sum_of_rows(const Call& call) {
  const View x = call.input(0);
  const View out = call.output();
  const auto& attributes = call.attributes<tenon_reduce_attributes>();
  const DLDataType dtype = x.dlpack().dtype;
  if (attributes.member != TENON_REDUCE_SUM || dtype.code != kDLFloat || dtype.bits != 32) return false;
  if (x.rank() == 0 || attributes.axes != 1U << (x.rank() - 1)) return false;
  const std::size_t last = x.shape().size() - 1;
  std::int64_t dense_x = 1;
  std::int64_t dense_out = 1;
  for (std::size_t axis = last + 1; axis-- > 0;) {
    const std::int64_t extent = x.shape()[axis];
    if (extent == 1) continue;
    if (x.strides()[axis] != dense_x) return false;
    dense_x *= extent;
    if (axis == last) continue;
    if (out.strides()[axis] != dense_out) return false;
    dense_out *= extent;
  }
  return true;
}

}  // namespace

bool sum_rows(const Call& call, bool run) {
  const View x = call.input(0);
  if (!is_sum_of_rows(call)) return false;
  const std::int64_t length = x.shape().back();
  const std::int64_t rows = call.output().size();
  if (length < kShortestRow || length > kLongestRow || rows < kFewestRows) return false;
  if (!run) return true;
  const int threads = cpu::thread_count();
  PrimitiveUse& use =
      find_use<Sums>(key_of(rows, length, threads), threads, [&] { return make_plan(rows, length); });
  if (!use.execution) return false;
  void* const data[] = {x.data<void>(), call.output().data<void>()};
  use.execution->run(data, threads);
  return true;
}

}  // namespace tenon::onednn
