#include "door.h"

#include <tenon/backend.h>
#include <tenon/device.h>
#include <tenon/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "../tensor_body.h"
#include "fallback.h"
#include "registry.h"
#include "relocation.h"
#include "selection.h"

namespace tenon {
namespace dispatch {
namespace {

using Operands = std::span<const Operand>;

std::string operands_text(const tenon_call& call) {
  std::string text;
  for (std::uint32_t i = 0; i < call.num_inputs; ++i) {
    const DLTensor& input = call.inputs[i];
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", name(plugin::from_dlpack(input.dtype)),
                        to_string(Dims(std::span(input.shape, static_cast<std::size_t>(input.ndim)))));
  }
  return text;
}

[[noreturn]] void fail(Op op, const Target& target, const tenon_call& call, tenon_status status) {
  const Backend& backend = *target.backend;
  const std::string why = plugin::take_error();
  const std::string_view op_name = info(op).name;
  if (status == TENON_INVALID) throw IndexError(fmt::format("[{}] {}", op_name, why));
  const std::string text =
      fmt::format("[{}] backend {} failed on ({}): {}", op_name, backend.name, operands_text(call), why);
  if (status == TENON_OUT_OF_MEMORY) {
    const MemoryStatistics held =
        target.memory != nullptr ? target.memory->statistics() : host_memory::statistics();
    throw OutOfMemory(fmt::format("{}; tensors hold {} bytes there", text, held.in_use));
  }
  throw BackendError(text);
}

// One request for an op: what every backend that is asked for it is asked for.
struct Request {
  Op op;
  Operands inputs;
  const Tensor& output;
  const void* attributes;

  [[nodiscard]] tenon_call call(const DLTensor* input_frames, const DLTensor* output_frame) const {
    return {sizeof(tenon_call),
            info(op).family,
            static_cast<std::uint32_t>(inputs.size()),
            1,
            input_frames,
            output_frame,
            attributes,
            nullptr};
  }
};

// Whether `target` did the call. Throws if it tried and failed.
bool run(const Target& target, Op op, const tenon_call& call) {
  Backend& backend = *target.backend;
  if (target.memory != nullptr) target.memory->check_process();
  tenon_status status = backend.table->run(backend.instance, &call);
  if (status == TENON_OUT_OF_MEMORY && target.memory != nullptr) {
    plugin::take_error();
    target.memory->release_cache();
    status = backend.table->run(backend.instance, &call);
  }
  if (status == TENON_OK) {
    backend.counters[static_cast<std::size_t>(op)].calls.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  if (status != TENON_UNSUPPORTED) fail(op, target, call, status);
  plugin::take_error();  // what it said is not why a later call fails
  return false;
}

std::string memories_text(Operands inputs, const Device& output) {
  std::string text;
  for (const Operand& operand : inputs) {
    text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", to_string(operand.tensor.shape()),
                        operand.tensor.device().name());
  }
  return text + " -> " + output.name();
}

bool is_far(const Tensor& tensor, const DeviceMemory* memory) {
  return tensor.size() > 1 && tensor.storage()->memory() != memory;
}

void depart_from_memory(Op op, std::string_view name, const Target& target, Operands inputs,
                        const Device& output) {
  if (!departure_matters(op, Departure::memory)) return;
  depart(op, Departure::memory,
         fmt::format("[{}] it runs on {}, and its operands lie elsewhere ({}): they are copied", name,
                     target.memory == nullptr ? target.name() : target.memory->name(),
                     memories_text(inputs, output)),
         "bring them together with to()");
}

// The same on copies of the operands that lie in another memory.
bool run_relocated(const Target& target, const Request& request, tenon_call call) {
  if (target.backend->table->supports(target.backend->instance, &call) == 0) return false;
  const Op op = request.op;
  const bool copies_much = is_far(request.output, target.memory) ||
                           std::ranges::any_of(request.inputs, [&](const Operand& operand) {
                             return is_far(operand.tensor, target.memory);
                           });
  // A copy between memories is what Op::copy was asked for.
  if (op != Op::copy && copies_much) {
    depart_from_memory(op, info(op).name, target, request.inputs, request.output.device());
  }
  Relocation relocation(target, request.inputs, request.output, op == Op::scatter_add);
  call.inputs = relocation.inputs();
  call.outputs = relocation.output();
  if (!run(target, op, call)) return false;
  relocation.finish();
  target.backend->counters[static_cast<std::size_t>(op)].copied_bytes.fetch_add(relocation.bytes(),
                                                                                std::memory_order_relaxed);
  return true;
}

bool attempt(const Target& target, const Request& request) {
  std::array<DLTensor, kMostInputs> inputs;
  bool is_local = request.output.storage()->memory() == target.memory;
  std::size_t count = 0;
  for (const Operand& operand : request.inputs) {
    const TensorBody& body = operand.tensor.body();
    body.storage->claim_to_read();
    is_local &= body.storage->memory() == target.memory;
    inputs[count++] = operand.strides == nullptr ? frame_of(operand.tensor, body.shape, body.strides)
                                                 : frame_of(operand.tensor, *operand.shape, *operand.strides);
  }
  const TensorBody& out = request.output.body();
  out.storage->claim_to_write();
  const DLTensor output = frame_of(request.output, out.shape, out.strides);
  const tenon_call call = request.call(inputs.data(), &output);
  return is_local ? run(target, request.op, call) : run_relocated(target, request, call);
}

void fall_back(const Request& request, const Selection& selection) {
  std::string operands;
  for (const Operand& operand : request.inputs) {
    operands += fmt::format("{}{} {}", operands.empty() ? "" : ", ", name(operand.tensor.dtype()),
                            to_string(operand.shape == nullptr ? operand.tensor.shape() : *operand.shape));
  }
  const Op op = request.op;
  const std::string where =
      fmt::format("[{}] no chosen backend ({}) does it on ({})", info(op).name, selection.names(), operands);
  Backend* naive = last_resort();
  if (fallback_policy() == Fallback::error || naive == nullptr) {
    if (naive == nullptr) throw BackendError(where + ", and naive cannot be used");
    depart(op, Departure::backend, where, "add naive to the list");
  }
  if (!attempt({naive, nullptr}, request)) throw BackendError(where + ", and naive neither");
  naive->counters[static_cast<std::size_t>(op)].fallbacks.fetch_add(1, std::memory_order_relaxed);
  depart(op, Departure::backend, where + "; it runs on naive", "");
}

// The scope's selection; else that of the device where operands of more than one element lie, or all, or the
// output if it is placed; else the current one.
const Selection& chosen(Operands inputs, DeviceMemory* output) {
  if (const Selection* scope = scoped(); scope != nullptr) return *scope;
  DeviceMemory* of_single = nullptr;
  bool all_single = true;
  for (const Operand& operand : inputs) {
    const TensorBody& body = operand.tensor.body();
    DeviceMemory* const memory = body.storage->memory();
    if (body.size > 1 && memory != nullptr) return selection_on(memory);
    all_single &= body.size <= 1;
    if (of_single == nullptr) of_single = memory;
  }
  if (output != nullptr) return selection_on(output);
  return all_single && of_single != nullptr ? selection_on(of_single) : current();
}

}  // namespace

void dispatch(Op op, std::initializer_list<Operand> inputs, const Tensor& output, const void* attributes) {
  const Operands operands(inputs.begin(), inputs.size());
  Storage& storage = *output.storage();
  const Selection& selection = chosen(operands, storage.memory());
  const Request request = {op, operands, output, attributes};
  if (!storage.is_placed()) storage.place(selection.memory());
  for (const Target& target : selection.targets()) {
    if (attempt(target, request)) return;
  }
  fall_back(request, selection);
}

bool try_dispatch(Op op, std::initializer_list<Operand> inputs, const Tensor& output,
                  const void* attributes) {
  const Operands operands(inputs.begin(), inputs.size());
  const Selection& selection = chosen(operands, output.storage()->memory());
  const auto is_elsewhere = [&](const Operand& operand) {
    return operand.tensor.storage()->memory() != selection.memory();
  };
  if (std::ranges::any_of(operands, is_elsewhere)) return false;
  output.storage()->place(selection.memory());
  const Request request = {op, operands, output, attributes};
  return std::ranges::any_of(selection.targets(), [&](const Target& target) {
    return target.memory == selection.memory() && attempt(target, request);
  });
}

bool dispatch_where_it_lies(Op op, std::initializer_list<Operand> inputs, const Tensor& output,
                            const void* attributes) {
  const Operands operands(inputs.begin(), inputs.size());
  const Selection& selection = selection_on(output.storage()->memory());
  return attempt(selection.targets().front(), {op, operands, output, attributes});
}

BackendChoice together(std::string_view name, std::span<const Tensor> tensors) {
  std::vector<Operand> operands;
  for (const Tensor& tensor : tensors) operands.push_back({tensor});
  const Selection& selection = chosen(operands, nullptr);
  DeviceMemory* const memory = selection.memory();
  if (std::ranges::any_of(tensors, [memory](const Tensor& tensor) { return is_far(tensor, memory); })) {
    depart_from_memory(Op::copy, name, selection.targets().front(), operands, Device(memory));
  }
  return BackendChoice(&selection);
}

BackendChoice where_lies(const Tensor& x) { return BackendChoice(&selection_on(x.storage()->memory())); }
BackendChoice beside(const Tensor& x) { return BackendChoice(&selection_for(x.storage()->memory())); }

}  // namespace dispatch

std::vector<OpCount> op_counts() {
  std::vector<OpCount> counts;
  for (std::size_t op = 0; op < kOpCount; ++op) {
    for (const dispatch::Backend* backend : dispatch::Registry::instance().opened()) {
      const auto& counter = backend->counters[op];
      const std::uint64_t calls = counter.calls.load(std::memory_order_relaxed);
      if (calls == 0) continue;
      counts.push_back({info(static_cast<Op>(op)).name, backend->name, calls,
                        counter.fallbacks.load(std::memory_order_relaxed),
                        counter.copied_bytes.load(std::memory_order_relaxed)});
    }
  }
  return counts;
}

void reset_op_counts() {
  for (dispatch::Backend* backend : dispatch::Registry::instance().opened()) {
    for (auto& counter : backend->counters) {
      counter.calls.store(0, std::memory_order_relaxed);
      counter.fallbacks.store(0, std::memory_order_relaxed);
      counter.copied_bytes.store(0, std::memory_order_relaxed);
    }
  }
}

}  // namespace tenon
