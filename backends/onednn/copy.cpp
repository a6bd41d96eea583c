#include "onednn/copy.h"

#include "cpu/loop.h"
#include "cpu/tensor.h"
#include "cpu/threads.h"
#include "onednn/layout.h"
#include "onednn/primitive_use.h"

#include <algorithm>
#include <string_view>

namespace tenon::onednn {
namespace {

using cpu::Loop;
using dnnl::memory;
using plugin::Call;
using plugin::View;

constexpr std::int64_t kSmall = 1024;  // elements below which a primitive's call costs more than it saves
constexpr std::int64_t kOneThread = 1 << 14;  // elements up to which waking a second one costs more
constexpr std::int64_t kItem = 4;

/// Where reorder was measured to be faster: out is dense along its innermost axis, and x along that or the
/// next. Beyond, and along one axis, the shared kernel is.
bool is_worth_it(const Loop& loop) {
  return loop.rank >= 2 && loop.rank <= kMaxRank && loop.stride[0][0] == kItem &&
         (loop.stride[1][0] == kItem || loop.stride[1][1] == kItem);
}

Layout layout_of(const Loop& loop, int operand) {
  Layout layout;
  for (int axis = loop.rank; axis-- > 0;) layout.add(loop.extent[axis], loop.stride[operand][axis] / kItem);
  return layout;
}

std::shared_ptr<const PrimitivePlan> make_plan(const Loop& loop) {
  auto plan = std::make_shared<PrimitivePlan>();
  const Layout to = layout_of(loop, 0);
  const Layout from = layout_of(loop, 1);
  if (!to.nests() || !from.nests()) return plan;
  const memory::desc from_desc = from.descriptor(memory::data_type::f32);
  const memory::desc to_desc = to.descriptor(memory::data_type::f32);
  const dnnl::reorder::primitive_desc found(cpu_engine(), from_desc, cpu_engine(), to_desc, new_attributes());
  if (!std::string_view(found.impl_info_str()).starts_with("jit")) return plan;
  plan->emplace(found, std::vector<Primitive::Argument>{{DNNL_ARG_FROM, from_desc}, {DNNL_ARG_TO, to_desc}});
  return plan;
}

struct Copies {
  using Plan = PrimitivePlan;
  using Use = PrimitiveUse;
};

CallKey key_of(const Loop& loop, int threads) {
  CallKey key;
  key.add(threads);
  const auto rank = static_cast<std::size_t>(loop.rank);
  key.add({loop.extent, rank});
  key.add({loop.stride[0], rank});
  key.add({loop.stride[1], rank});
  return key;
}

}  // namespace

bool reorder(const Call& call, bool run) {
  const View x = call.input(0);
  const View out = call.output();
  const DLDataType dtype = out.dlpack().dtype;
  const bool same = x.dlpack().dtype.code == dtype.code && x.dlpack().dtype.bits == dtype.bits;
  if (!same || dtype.bits != 8 * kItem || out.size() < kSmall) return false;
  const Loop loop = cpu::make_loop({out, x});
  if (!is_worth_it(loop) || !run) return is_worth_it(loop);
  const int threads = out.size() <= kOneThread ? 1 : cpu::thread_count();
  PrimitiveUse& use = find_use<Copies>(key_of(loop, threads), threads, [&] { return make_plan(loop); });
  if (!use.execution) return false;
  void* const data[] = {x.data<void>(), out.data<void>()};
  use.execution->run(data, threads);
  return true;
}

void copy(const DLTensor& from, const DLTensor& to) {
  const tenon_call frame = {sizeof(tenon_call), TENON_OP_COPY, 1, 1, &from, &to, nullptr, nullptr};
  if (!reorder(Call(frame), true)) cpu::run(Call(frame));
}

}  // namespace tenon::onednn
