// INDEX: the indices are checked on the device before anything is written, and the answer, 16 bytes, is waited for.
#include "opencl/families.h"

#include <algorithm>
#include <array>
#include <string>

namespace tenon::opencl {
namespace {

using plugin::Call;
using plugin::View;

cl_uint is_wide(const View& index) { return index.dtype() == DType::int64 ? 1 : 0; }

/// Throws plugin::InvalidData unless every index is in [0, extent).
void check_indices(Device& device, const View& index, std::int64_t extent, std::size_t axis) {
  Nest distinct;
  distinct.set_offset(0, offset_of(index));
  for (std::size_t i = 0; i < index.shape().size(); ++i) {
    const bool repeats = index.strides()[i] == 0 && index.shape()[i] > 0;
    distinct.add_axis(repeats ? 1 : index.shape()[i], {index.strides()[i]});
  }
  if (distinct.size() == 0) return;
  const Scratch memory(device, 2 * sizeof(cl_long));
  std::array<cl_long, 2> found = {0, 0};
  device.write(memory.memory(), found.data(), sizeof(found));
  distinct.for_each_layout([&](const Layout& layout) {
    const cl_long limit = extent;
    device.launch(KernelId::check_index, DType::int32, lanes(layout), memory.memory(), memory_of(index),
                  layout, is_wide(index), limit);
  });
  device.read(found.data(), memory.memory(), sizeof(found));
  if (found[0] == 0) return;
  throw plugin::InvalidData("index " + std::to_string(found[1]) + " is outside [0, " +
                            std::to_string(extent) + ") on axis " + std::to_string(axis));
}

void gather(Device& device, const Call& call, std::size_t axis) {
  const View x = call.input(0);
  const View index = call.input(1);
  const View out = call.output();
  check_indices(device, index, x.shape()[axis], axis);
  Nest nest;  // the index moves along the axis of x
  nest.set_offset(0, offset_of(out));
  nest.set_offset(1, offset_of(x));
  nest.set_offset(2, offset_of(index));
  for (std::size_t i = 0; i < out.shape().size(); ++i) {
    nest.add_axis(out.shape()[i], {out.strides()[i], i == axis ? 0 : x.strides()[i], index.strides()[i]});
  }
  const cl_long stride = x.strides()[axis];
  nest.for_each_layout([&](const Layout& layout) {
    device.launch(KernelId::gather, out.dtype(), lanes(layout), memory_of(out), memory_of(x),
                  memory_of(index), layout, is_wide(index), stride);
  });
}

constexpr cl_long kLongestLine = 1 << 16;

void scatter_add(Device& device, const Call& call, std::size_t axis) {
  const View index = call.input(0);
  const View src = call.input(1);
  const View out = call.output();
  check_indices(device, index, out.shape()[axis], axis);
  Nest lines;
  lines.set_offset(0, offset_of(out));
  lines.set_offset(1, offset_of(index));
  lines.set_offset(2, offset_of(src));
  for (std::size_t i = 0; i < src.shape().size(); ++i) {
    if (i != axis) lines.add_axis(src.shape()[i], {out.strides()[i], index.strides()[i], src.strides()[i]});
  }
  const cl_long extent = src.shape()[axis];
  const cl_long out_stride = out.strides()[axis];
  const cl_long index_stride = index.strides()[axis];
  const cl_long src_stride = src.strides()[axis];
  lines.for_each_layout([&](const Layout& layout) {
    // No launch takes long: a GPU that also draws a screen would end it.
    for (cl_long begin = 0; begin < extent; begin += kLongestLine) {
      const cl_long end = std::min(begin + kLongestLine, extent);
      device.launch(KernelId::scatter_add, out.dtype(), Range::of(layout.size), memory_of(out),
                    memory_of(index), memory_of(src), layout, is_wide(index), begin, end, out_stride,
                    index_stride, src_stride);
    }
  });
}

void one_hot(Device& device, const Call& call) {
  const View index = call.input(0);
  const View out = call.output();
  const std::size_t last = index.shape().size();
  const cl_long classes = out.shape()[last];
  check_indices(device, index, classes, last);
  Nest nest;
  nest.set_offset(0, offset_of(out));
  nest.set_offset(1, offset_of(index));
  for (std::size_t i = 0; i < last; ++i)
    nest.add_axis(out.shape()[i], {out.strides()[i], index.strides()[i]});
  nest.add_axis(classes, {out.strides()[last], 0});
  const cl_ulong one = element_bits({1, 1}, out.dtype());
  nest.for_each_layout([&](const Layout& layout) {
    device.launch(KernelId::one_hot, out.dtype(), lanes(layout), memory_of(out), memory_of(index), layout,
                  is_wide(index), classes, one);
  });
}

}  // namespace

void run_index(Device& device, const Call& call) {
  const auto attributes = call.attributes<tenon_index_attributes>();
  const auto axis = static_cast<std::size_t>(attributes.axis);
  switch (attributes.member) {
    case TENON_INDEX_GATHER:
      gather(device, call, axis);
      break;
    case TENON_INDEX_SCATTER_ADD:
      scatter_add(device, call, axis);
      break;
    default:
      one_hot(device, call);
  }
}

}  // namespace tenon::opencl
