// A backend that hands every call to another one and then does one thing wrong, so that the harness can be
// seen to notice. TENON_WRONG_BACKEND_INNER names the module behind it, TENON_WRONG_BACKEND_FAULT the fault.
#include <tenon/plugin/abi.h>

#include <dlfcn.h>

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace {

const tenon_host* host = nullptr;
const tenon_backend_table* inner = nullptr;
tenon_host quiet_host{};

std::string_view fault() {
  const char* const name = std::getenv("TENON_WRONG_BACKEND_FAULT");
  return name == nullptr ? std::string_view{} : std::string_view{name};
}

/// A tensor's elements as raw bytes.
class Bytes {
 public:
  explicit Bytes(const DLTensor& tensor) : tensor_(&tensor) {}
  [[nodiscard]] std::int64_t size() const {
    std::int64_t n = 1;
    for (int axis = 0; axis < tensor_->ndim; ++axis) n *= tensor_->shape[axis];
    return n;
  }
  [[nodiscard]] std::size_t item() const { return tensor_->dtype.bits / 8; }
  [[nodiscard]] unsigned char* at(std::int64_t i) const {
    std::int64_t offset = 0;
    for (int axis = tensor_->ndim; axis-- > 0;) {
      offset += i % tensor_->shape[axis] * tensor_->strides[axis];
      i /= tensor_->shape[axis];
    }
    return static_cast<unsigned char*>(tensor_->data) + tensor_->byte_offset +
           offset * static_cast<std::int64_t>(item());
  }
  [[nodiscard]] bool is_float32() const { return tensor_->dtype.code == kDLFloat && item() == 4; }

  /// Replaces every float32 element x by f(x).
  template <typename F>
  void map(F&& f) const {
    if (!is_float32()) return;
    for (std::int64_t i = 0; i < size(); ++i) {
      float value = 0;
      std::memcpy(&value, at(i), sizeof(value));
      value = f(value);
      std::memcpy(at(i), &value, sizeof(value));
    }
  }

 private:
  const DLTensor* tensor_;
};

std::uint32_t member_of(const tenon_call& call) {
  return call.attributes == nullptr ? 0
                                    : static_cast<const tenon_member_attributes*>(call.attributes)->member;
}

bool is(const tenon_call& call, std::uint32_t op, std::uint32_t member) {
  return call.op == op && member_of(call) == member;
}

float steps_up(float x, int steps) {
  for (int i = 0; i < steps; ++i) x = std::nextafter(x, std::numeric_limits<float>::infinity());
  return x;
}

/// ARGMAX along the rows of a float32 matrix that prefers the last of equal values.
void last_of_ties(const tenon_call& call) {
  const DLTensor& x = call.inputs[0];
  const auto* const attributes = static_cast<const tenon_reduce_attributes*>(call.attributes);
  if (!Bytes(x).is_float32() || x.ndim != 2 || attributes->axes != 2) return;
  for (std::int64_t row = 0; row < x.shape[0]; ++row) {
    std::int64_t best = 0;
    float largest = -std::numeric_limits<float>::infinity();
    for (std::int64_t i = 0; i < x.shape[1]; ++i) {
      float value = 0;
      std::memcpy(&value, Bytes(x).at(row * x.shape[1] + i), sizeof(value));
      if (std::isnan(value)) return;
      if (value >= largest) {
        largest = value;
        best = i;
      }
    }
    std::memcpy(Bytes(call.outputs[0]).at(row), &best, sizeof(best));
  }
}

/// A product of inputs that have lost the lower 13 bits of their significands, as TF32 does.
tenon_status run_with_cut_inputs(tenon_backend* backend, const tenon_call& call) {
  std::vector<DLTensor> inputs(call.inputs, call.inputs + call.num_inputs);
  std::vector<std::vector<std::uint32_t>> words(inputs.size());
  std::vector<std::vector<std::int64_t>> strides(inputs.size());
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Bytes from(call.inputs[k]);
    if (!from.is_float32()) return inner->run(backend, &call);
    for (std::int64_t i = 0; i < from.size(); ++i) {
      std::uint32_t word = 0;
      std::memcpy(&word, from.at(i), sizeof(word));
      words[k].push_back(word & ~0x1FFFu);
    }
    strides[k].assign(static_cast<std::size_t>(inputs[k].ndim), 1);
    for (std::size_t axis = strides[k].size(); axis-- > 1;) {
      strides[k][axis - 1] = strides[k][axis] * inputs[k].shape[axis];
    }
    inputs[k].data = words[k].data();
    inputs[k].strides = strides[k].data();
    inputs[k].byte_offset = 0;
  }
  tenon_call cut = call;
  cut.inputs = inputs.data();
  return inner->run(backend, &cut);
}

/// An EINSUM whose inputs have lost the last index of a summed mode, or cross the second axis of a repeated
/// mode with no stride.
tenon_status run_with_wrong_modes(tenon_backend* backend, const tenon_call& call) {
  const auto& modes = static_cast<const tenon_einsum_attributes*>(call.attributes)->modes;
  const auto carries = [](const std::uint8_t* list, int rank, std::uint8_t mode) {
    return std::memchr(list, mode, static_cast<std::size_t>(rank)) != nullptr;
  };
  std::vector<DLTensor> inputs(call.inputs, call.inputs + call.num_inputs);
  std::vector<std::vector<std::int64_t>> shapes(inputs.size());
  std::vector<std::vector<std::int64_t>> steps(inputs.size());
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const int rank = inputs[k].ndim;
    shapes[k].assign(inputs[k].shape, inputs[k].shape + rank);
    steps[k].assign(inputs[k].strides, inputs[k].strides + rank);
    for (int axis = 0; axis < rank; ++axis) {
      const bool summed = !carries(modes[2], call.outputs[0].ndim, modes[k][axis]);
      const auto at = static_cast<std::size_t>(axis);
      if (fault() == "drops_last_term" && summed && shapes[k][at] > 1) --shapes[k][at];
      if (fault() == "ignores_repeats" && carries(modes[k], axis, modes[k][axis])) steps[k][at] = 0;
    }
    inputs[k].shape = shapes[k].data();
    inputs[k].strides = steps[k].data();
  }
  tenon_call changed = call;
  changed.inputs = inputs.data();
  return inner->run(backend, &changed);
}

tenon_status run_with_short_offset(tenon_backend* backend, const tenon_call& call) {
  tenon_init_attributes attributes = *static_cast<const tenon_init_attributes*>(call.attributes);
  attributes.offset &= 0xFFFFFFFFu;
  tenon_call cut = call;
  cut.attributes = &attributes;
  return inner->run(backend, &cut);
}

tenon_status run_flushing([[maybe_unused]] bool stays, tenon_backend* backend, const tenon_call& call) {
#if defined(__x86_64__)
  const unsigned control = _mm_getcsr();
  _mm_setcsr(control | 0x8040);  // flush to zero, denormals are zero
  const tenon_status status = inner->run(backend, &call);
  if (!stays) _mm_setcsr(control);
  return status;
#else
  std::fesetround(FE_UPWARD);
  const tenon_status status = inner->run(backend, &call);
  if (!stays) std::fesetround(FE_TONEAREST);
  return status;
#endif
}

void spoil_values(const tenon_call& call) {
  static thread_local bool odd = false;
  odd = !odd;
  const Bytes out(call.outputs[0]);
  const bool exp = is(call, TENON_OP_UNARY, TENON_UNARY_EXP);
  const bool matmul = call.op == TENON_OP_MATMUL;
  const bool products = matmul || call.op == TENON_OP_EINSUM;
  if (fault() == "four_ulps" && exp) out.map([](float x) { return steps_up(x, 4); });
  if (fault() == "unrepeatable" && exp && odd) out.map([](float x) { return steps_up(x, 1); });
  if (fault() == "last_bit" && is(call, TENON_OP_BINARY, TENON_BINARY_ADD) && out.is_float32()) {
    out.at(out.size() - 1)[0] ^= 1;
  }
  if (fault() == "zero_skipping" && products) out.map([](float x) { return std::isnan(x) ? 0.0F : x; });
  if (fault() == "lost_sign_of_zero") out.map([](float x) { return x == 0 ? 0.0F : x; });
  if (fault() == "lost_nan") out.map([](float x) { return std::isnan(x) ? 1.0F : x; });
  if (fault() == "all_zeros") {
    for (std::int64_t i = 0; i < out.size(); ++i) std::memset(out.at(i), 0, out.item());
  }
  if (fault() == "two_percent" && matmul && call.inputs[0].shape[1] >= 1000 && out.is_float32()) {
    float value = 0;
    std::memcpy(&value, out.at(0), sizeof(value));
    value *= 1.02F;
    std::memcpy(out.at(0), &value, sizeof(value));
  }
  if (fault() == "wide_true" && call.outputs[0].dtype.code == TENON_DTYPE_CODE_BOOL) {
    for (std::int64_t i = 0; i < out.size(); ++i) *out.at(i) = *out.at(i) != 0 ? 255 : 0;
  }
  if (fault() == "last_of_ties" && is(call, TENON_OP_REDUCE, TENON_REDUCE_ARGMAX)) last_of_ties(call);
}

void spoil_memory(const tenon_call& call) {
  const Bytes out(call.outputs[0]);
  const std::size_t item = out.item();
  if (fault() == "writes_before") out.at(0)[-1] ^= 0xFF;
  if (fault() == "writes_after") out.at(out.size() - 1)[item] ^= 0xFF;
  if (fault() == "writes_between" && call.outputs[0].ndim == 1 && call.outputs[0].strides[0] > 1) {
    out.at(0)[item] ^= 0xFF;
  }
  if (fault() == "reads_behind" && call.num_inputs > 0) {
    const Bytes in(call.inputs[0]);
    const volatile unsigned char* const behind = in.at(in.size() - 1) + in.item();
    (void)*behind;
  }
  if (fault() == "changes_input" && call.num_inputs > 0) {
    const Bytes in(call.inputs[0]);
    if (in.size() > 0) in.at(in.size() - 1)[0] ^= 1;
  }
  if (fault() == "wrong_block_size") {
    void* const block = host->allocate(64);
    host->deallocate(block, 32);
  }
  if (fault() == "rounding_mode_left") std::fesetround(FE_DOWNWARD);
#if defined(__x86_64__)
  if (fault() == "exceptions_left") _mm_setcsr(_mm_getcsr() & ~0x0080u);
#endif
}

tenon_status run(tenon_backend* backend, const tenon_call* call) {
  const Bytes out(call->outputs[0]);
  if (fault() == "refuses") return TENON_UNSUPPORTED;
  std::vector<unsigned char> last;
  if (out.size() > 0) last.assign(out.at(out.size() - 1), out.at(out.size() - 1) + out.item());

  tenon_status status = TENON_OK;
  const bool products = call->op == TENON_OP_MATMUL || call->op == TENON_OP_EINSUM;
  const bool wrong_modes = fault() == "drops_last_term" || fault() == "ignores_repeats";
  if (fault() == "cut_inputs" && products) {
    status = run_with_cut_inputs(backend, *call);
  } else if (wrong_modes && call->op == TENON_OP_EINSUM) {
    status = run_with_wrong_modes(backend, *call);
  } else if (fault() == "short_offset" && call->op == TENON_OP_INIT) {
    status = run_with_short_offset(backend, *call);
  } else if (fault() == "flushes" || fault() == "flush_left_on") {
    status = run_flushing(fault() == "flush_left_on", backend, *call);
  } else {
    status = inner->run(backend, call);
  }
  if (out.size() == 0) return status;
  if (status == TENON_UNSUPPORTED && fault() == "touches_unsupported") out.at(0)[0] ^= 1;
  if (status == TENON_INVALID && fault() == "touches_invalid") out.at(0)[0] ^= 1;
  if (status != TENON_OK) return status;
  spoil_values(*call);
  if (fault() == "leaves_last") std::memcpy(out.at(out.size() - 1), last.data(), last.size());
  spoil_memory(*call);
  return status;
}

std::int32_t supports(tenon_backend* backend, const tenon_call* call) {
  if (fault() == "denies") return 0;
  if (fault() == "needs_pointers" && call->outputs[0].data == nullptr) return 0;
  return inner->supports(backend, call);
}

const tenon_backend_table* entry(const tenon_host* offered) {
  host = offered;
  quiet_host = *offered;
  quiet_host.set_error = [](const char* message) {
    if (fault() != "silent_invalid") host->set_error(message);
  };
  const char* const path = std::getenv("TENON_WRONG_BACKEND_INNER");
  void* const module = path == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    host->set_error("TENON_WRONG_BACKEND_INNER names no module");
    return nullptr;
  }
  inner = reinterpret_cast<tenon_entry>(dlsym(module, "tenon_backend_entry"))(&quiet_host);
  if (inner == nullptr) return nullptr;
  static tenon_backend_table table = *inner;
  table.supports = supports;
  table.run = run;
  return &table;
}

}  // namespace

TENON_EXPORT_BACKEND(entry, "wrong", "1", "", "", "", 1)
