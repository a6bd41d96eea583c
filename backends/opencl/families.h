// What runs the calls of each family on a device. is_covered() must hold; see abi.h for what they compute.
#pragma once

#include "opencl/device.h"
#include "opencl/layout.h"

#include <tenon/plugin/backend.hpp>

namespace tenon::opencl {

void run_copy(Device& device, const plugin::Call& call);
void run_unary(Device& device, const plugin::Call& call);
void run_binary(Device& device, const plugin::Call& call);
void run_ternary(Device& device, const plugin::Call& call);
void run_init(Device& device, const plugin::Call& call);
void run_reduce(Device& device, const plugin::Call& call);
void run_softmax(Device& device, const plugin::Call& call);
void run_matmul(Device& device, const plugin::Call& call);
/// Waits for the device: throws plugin::InvalidData before anything is written if an index is out of range.
void run_index(Device& device, const plugin::Call& call);

/// The work-items of a kernel that walks lanes: LANES of prelude.cl.
inline constexpr std::int64_t kLanes = 8;
inline Range lanes(const Layout& layout) { return Range::of((layout.size + kLanes - 1) / kLanes); }

/// The memory of an operand.
inline cl_mem memory_of(const plugin::View& view) { return static_cast<cl_mem>(view.dlpack().data); }

/// The bits of `number` as an element of this dtype.
std::uint64_t element_bits(const tenon_number& number, DType dtype);

/// Copies x to out, whose memories are given apart from the views: those may be scratch.
void copy_elements(Device& device, cl_mem to, const plugin::View& out, cl_mem from, const plugin::View& x);

}  // namespace tenon::opencl
