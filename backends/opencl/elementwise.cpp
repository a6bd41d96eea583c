// COPY, UNARY, BINARY and TERNARY: one work-item for each few neighbouring elements.
#include "opencl/families.h"

namespace tenon::opencl {

using plugin::Call;
using plugin::View;

void copy_elements(Device& device, cl_mem to, const View& out, cl_mem from, const View& x) {
  const auto cast =
      static_cast<KernelId>(static_cast<int>(KernelId::copy_to_float32) + static_cast<int>(out.dtype()));
  const KernelId kernel = out.dtype() == x.dtype() ? KernelId::copy_bits : cast;
  Nest({out, x}).for_each_layout(
      [&](const Layout& layout) { device.launch(kernel, x.dtype(), lanes(layout), to, from, layout); });
}

void run_copy(Device& device, const Call& call) {
  copy_elements(device, memory_of(call.output()), call.output(), memory_of(call.input(0)), call.input(0));
}

void run_unary(Device& device, const Call& call) {
  const View out = call.output();
  const View x = call.input(0);
  const cl_uint member = call.member();
  const bool asks = member == TENON_UNARY_LOGICAL_NOT || member == TENON_UNARY_ISNAN;
  Nest({out, x}).for_each_layout([&](const Layout& layout) {
    device.launch(asks ? KernelId::unary_to_bool : KernelId::unary, x.dtype(), lanes(layout), memory_of(out),
                  memory_of(x), layout, member);
  });
}

void run_binary(Device& device, const Call& call) {
  const View out = call.output();
  const View a = call.input(0);
  const View b = call.input(1);
  const cl_uint member = call.member();
  const KernelId kernel = member >= TENON_BINARY_EQ ? KernelId::compare : KernelId::binary;
  Nest({out, a, b}).for_each_layout([&](const Layout& layout) {
    device.launch(kernel, a.dtype(), lanes(layout), memory_of(out), memory_of(a), memory_of(b), layout,
                  member);
  });
}

void run_ternary(Device& device, const Call& call) {
  const View out = call.output();
  const View a = call.input(0);
  const View b = call.input(1);
  const View c = call.input(2);
  const cl_uint member = call.member();
  Nest({out, a, b, c}).for_each_layout([&](const Layout& layout) {
    const Range range = lanes(layout);
    if (member == TENON_TERNARY_WHERE) {
      device.launch(KernelId::where, out.dtype(), range, memory_of(out), memory_of(a), memory_of(b),
                    memory_of(c), layout);
    } else {
      device.launch(KernelId::ternary, out.dtype(), range, memory_of(out), memory_of(a), memory_of(b),
                    memory_of(c), layout, member);
    }
  });
}

}  // namespace tenon::opencl
