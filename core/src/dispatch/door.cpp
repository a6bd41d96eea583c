#include "door.h"

#include <tenon/backend.h>
#include <tenon/error.h>

#include <fmt/format.h>
#include <stdlib.h>

#include <array>
#include <string>

#include "../tensor_body.h"
#include "log.h"
#include "registry.h"
#include "selection.h"

namespace tenon {
namespace {

constexpr std::size_t kMostInputs = 3;

Fallback initial_policy() {
  const char* text = std::getenv("TENON_FALLBACK");
  const std::string_view word = text == nullptr ? "" : text;
  if (word.empty() || word == "warn") return Fallback::warn;
  if (word == "allow") return Fallback::allow;
  if (word == "error") return Fallback::error;
  throw BackendError(fmt::format("TENON_FALLBACK={} is none of allow, warn, error", word));
}

std::atomic<Fallback>& policy() {
  static std::atomic<Fallback> value{initial_policy()};
  return value;
}

}  // namespace

Fallback fallback_policy() { return policy().load(std::memory_order_relaxed); }
void set_fallback_policy(Fallback value) { policy().store(value, std::memory_order_relaxed); }

namespace dispatch {
namespace {

DLTensor frame_of(const TensorBody& body, const Shape& shape, const Strides& strides) {
  DLTensor frame;
  frame.data = body.storage->data();
  frame.device = {kDLCPU, 0};
  frame.ndim = static_cast<int>(shape.size());
  frame.dtype = plugin::to_dlpack(body.dtype);
  // The contract lets a backend read them only; DLPack has no const.
  frame.shape = const_cast<std::int64_t*>(shape.data());
  frame.strides = const_cast<std::int64_t*>(strides.data());
  frame.byte_offset = static_cast<std::uint64_t>(body.offset) * item_size(body.dtype);
  return frame;
}

std::string operands_text(const tenon_call& call) {
  std::string text;
  for (std::uint32_t i = 0; i < call.num_inputs; ++i) {
    const DLTensor& input = call.inputs[i];
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", name(plugin::from_dlpack(input.dtype)),
                        to_string(Dims(std::span(input.shape, static_cast<std::size_t>(input.ndim)))));
  }
  return text;
}

[[noreturn]] void fail(Op op, const Backend& backend, const tenon_call& call, tenon_status status) {
  const std::string why = plugin::take_error();
  const std::string_view op_name = info(op).name;
  if (status == TENON_INVALID) throw IndexError(fmt::format("[{}] {}", op_name, why));
  const std::string text =
      fmt::format("[{}] backend {} failed on ({}): {}", op_name, backend.name, operands_text(call), why);
  if (status == TENON_OUT_OF_MEMORY) throw OutOfMemory(text);
  throw BackendError(text);
}

// Whether `backend` did the call. Throws if it tried and failed.
bool attempt(Backend& backend, Op op, const tenon_call& call) {
  const tenon_status status = backend.table->run(backend.instance, &call);
  if (status == TENON_OK) {
    backend.counters[static_cast<std::size_t>(op)].calls.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  if (status != TENON_UNSUPPORTED) fail(op, backend, call, status);
  plugin::take_error();  // what it said is not why a later call fails
  return false;
}

void fall_back(Op op, const tenon_call& call, const Selection& selection) {
  const std::string_view op_name = info(op).name;
  const auto where = [&] {
    return fmt::format("[{}] no chosen backend ({}) does it on ({})", op_name, selection.names(),
                       operands_text(call));
  };
  const Fallback policy = fallback_policy();
  if (policy == Fallback::error) {
    throw BackendError(where() + "; add naive to the list, or set TENON_FALLBACK=allow");
  }
  Backend* naive = last_resort();
  if (naive == nullptr || !attempt(*naive, op, call)) {
    throw BackendError(where() + (naive == nullptr ? ", and naive cannot be used" : ", and naive neither"));
  }
  Backend::Counter& counter = naive->counters[static_cast<std::size_t>(op)];
  counter.fallbacks.fetch_add(1, std::memory_order_relaxed);
  static std::array<std::atomic<bool>, kOpCount> said{};
  if (policy == Fallback::warn &&
      !said[static_cast<std::size_t>(op)].exchange(true, std::memory_order_relaxed)) {
    log(kWarning,
        where() +
            "; it runs on naive (said once for this op; TENON_FALLBACK=allow silences, =error forbids)");
  }
}

}  // namespace

void dispatch(Op op, std::initializer_list<Operand> inputs, const Tensor& output, const void* attributes) {
  std::array<DLTensor, kMostInputs> input_frames;
  std::size_t count = 0;
  for (const Operand& operand : inputs) {
    const TensorBody& body = operand.tensor.body();
    input_frames[count++] = operand.strides == nullptr ? frame_of(body, body.shape, body.strides)
                                                       : frame_of(body, *operand.shape, *operand.strides);
  }
  const TensorBody& out = output.body();
  const DLTensor output_frame = frame_of(out, out.shape, out.strides);
  const tenon_call call = {sizeof(tenon_call),
                           info(op).family,
                           static_cast<std::uint32_t>(count),
                           1,
                           input_frames.data(),
                           &output_frame,
                           attributes,
                           nullptr};
  const Selection& selection = current();
  for (Backend* backend : selection.backends()) {
    if (attempt(*backend, op, call)) return;
  }
  fall_back(op, call, selection);
}

}  // namespace dispatch

std::vector<OpCount> op_counts() {
  std::vector<OpCount> counts;
  for (std::size_t op = 0; op < kOpCount; ++op) {
    for (const dispatch::Backend* backend : dispatch::Registry::instance().opened()) {
      const auto& counter = backend->counters[op];
      const std::uint64_t calls = counter.calls.load(std::memory_order_relaxed);
      if (calls == 0) continue;
      counts.push_back({info(static_cast<Op>(op)).name, backend->name, calls,
                        counter.fallbacks.load(std::memory_order_relaxed)});
    }
  }
  return counts;
}

void reset_op_counts() {
  for (dispatch::Backend* backend : dispatch::Registry::instance().opened()) {
    for (auto& counter : backend->counters) {
      counter.calls.store(0, std::memory_order_relaxed);
      counter.fallbacks.store(0, std::memory_order_relaxed);
    }
  }
}

}  // namespace tenon
