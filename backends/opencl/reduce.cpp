// REDUCE and SOFTMAX: the kept axes are work-items, the reduced ones loops.
#include "opencl/families.h"

#include <algorithm>

namespace tenon::opencl {
namespace {

using plugin::Call;
using plugin::View;

/// `Partial` of reduce.cl, or more.
constexpr std::size_t kPartialBytes = 32;
/// A chunk of a box is at least this long, and there are at most so many work-items for the sake of chunks.
constexpr std::int64_t kChunk = 512;
constexpr std::int64_t kCpuItems = 64;
constexpr std::int64_t kGpuItems = 16384;

/// An operand that lies elsewhere than the call says.
struct Operand {
  cl_mem memory;
  View view;
};

struct Loops {
  Nest kept;     // operands: out, x
  Nest reduced;  // operands: x
};

Loops loops_of(const View& out, const View& x, std::uint32_t axes) {
  Loops loops;
  loops.kept.set_offset(0, offset_of(out));
  loops.kept.set_offset(1, offset_of(x));
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
    if ((axes >> axis & 1U) != 0) {
      loops.reduced.add_axis(x.shape()[axis], {x.strides()[axis]});
    } else {
      loops.kept.add_axis(x.shape()[axis], {out.strides()[axis], x.strides()[axis]});
    }
  }
  return loops;
}

void fold(Device& device, const Operand& out, const Operand& x, std::uint32_t axes, std::uint32_t member) {
  const Loops loops = loops_of(out.view, x.view, axes);
  const DType dtype = x.view.dtype();
  const Box box = loops.reduced.box(0);
  const cl_uint which = member;
  loops.kept.for_each_layout([&](const Layout& kept) {
    const std::int64_t items = device.is_cpu() ? kCpuItems : kGpuItems;
    const std::int64_t wanted = std::min(items / std::min(items, kept.size), box.size / kChunk);
    const std::int64_t size = wanted > 1 ? (box.size + wanted - 1) / wanted : box.size;
    const cl_long chunks = size > 0 ? (box.size + size - 1) / size : 1;
    const cl_long chunk_size = size;
    const std::size_t bytes = chunks > 1 ? static_cast<std::size_t>(kept.size * chunks) * kPartialBytes : 0;
    const Scratch partials(device, bytes);
    Range range = Range::of(kept.size * chunks);
    if (device.is_cpu()) range.group = {8, 1, 1};
    device.launch(KernelId::fold, dtype, range, out.memory, x.memory, partials.memory(), kept, box, which,
                  chunks, chunk_size);
    if (chunks == 1) return;
    const cl_long count = box.size;
    device.launch(KernelId::combine, dtype, Range::of(kept.size), out.memory, partials.memory(), kept, count,
                  which, chunks);
  });
}

}  // namespace

void run_reduce(Device& device, const Call& call) {
  const View x = call.input(0);
  const View out = call.output();
  const auto attributes = call.attributes<tenon_reduce_attributes>();
  const Operand to = {memory_of(out), out};
  if (loops_of(out, x, attributes.axes).reduced.rank() <= kMaxAxes) {
    fold(device, to, {memory_of(x), x}, attributes.axes, attributes.member);
    return;
  }
  // More loops than a kernel takes: after a copy that lays the boxes out one after another, they are one.
  const std::size_t rank = x.shape().size();
  std::array<std::int64_t, TENON_MAX_RANK> strides{};
  std::int64_t size = 1;
  for (const bool reduced : {true, false}) {
    for (std::size_t axis = rank; axis-- > 0;) {
      if (((attributes.axes >> axis & 1U) != 0) != reduced) continue;
      strides[axis] = size;
      size *= x.shape()[axis];
    }
  }
  DLTensor dense = x.dlpack();
  dense.strides = strides.data();
  dense.byte_offset = 0;
  const Scratch memory(device, static_cast<std::size_t>(size) * (dense.dtype.bits / 8U));
  const View copied(dense);
  copy_elements(device, memory.memory(), copied, memory_of(x), x);
  fold(device, to, {memory.memory(), copied}, attributes.axes, attributes.member);
}

void run_softmax(Device& device, const Call& call) {
  const View x = call.input(0);
  const View out = call.output();
  const auto attributes = call.attributes<tenon_softmax_attributes>();
  const auto along = static_cast<std::size_t>(attributes.axis);
  if (out.size() == 0) return;
  const Loops loops = loops_of(out, x, 1U << along);
  const cl_long extent = x.shape()[along];
  const cl_long out_stride = out.strides()[along];
  const cl_long x_stride = x.strides()[along];
  const cl_uint member = attributes.member;
  loops.kept.for_each_layout([&](const Layout& rows) {
    Range range = Range::of(rows.size);
    if (device.is_cpu()) range.group = {8, 1, 1};
    device.launch(KernelId::softmax, x.dtype(), range, memory_of(out), memory_of(x), rows, extent, out_stride,
                  x_stride, member);
  });
}

}  // namespace tenon::opencl
