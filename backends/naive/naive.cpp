// The reference backend: loops that read like the definitions in abi.h, on host memory, with no library, no
// threads and no SIMD. It does every call that abi.h defines, and the other backends are checked against it.
#include "kernel.h"

namespace tenon::naive {

namespace {

struct Family {
  std::uint32_t op;
  std::size_t min_inputs;
  std::size_t max_inputs;
  Kernel (*find)(const Call&);
};

constexpr Family kFamilies[] = {
    {TENON_OP_INIT, 0, 0, find_init},       {TENON_OP_COPY, 1, 1, find_copy},
    {TENON_OP_UNARY, 1, 1, find_unary},     {TENON_OP_BINARY, 2, 2, find_binary},
    {TENON_OP_TERNARY, 3, 3, find_ternary}, {TENON_OP_REDUCE, 1, 1, find_reduce},
    {TENON_OP_MATMUL, 2, 3, find_matmul},   {TENON_OP_INDEX, 1, 2, find_index},
    {TENON_OP_EINSUM, 1, 2, find_einsum},   {TENON_OP_SOFTMAX, 1, 1, find_softmax},
};

Kernel find_kernel(const Call& call) try {
  for (const Family& family : kFamilies) {
    const bool has_operands =
        call.num_inputs() >= family.min_inputs && call.num_inputs() <= family.max_inputs;
    if (call.op() == family.op && has_operands) return family.find(call);
  }
  return nullptr;
} catch (const std::invalid_argument&) {
  return nullptr;  // a dtype or attributes that this build of the SDK does not know
}

class Naive final : public plugin::Backend {
 public:
  int score(std::string&) override { return 1; }
  bool supports(const Call& call) const override { return find_kernel(call) != nullptr; }
  bool run(const Call& call) override {
    const Kernel kernel = find_kernel(call);
    if (kernel == nullptr) return false;
    kernel(call);
    return true;
  }
};

}  // namespace

}  // namespace tenon::naive

TENON_EXPORT_BACKEND(tenon::plugin::entry<tenon::naive::Naive>, "naive", TENON_NAIVE_VERSION, "", "", "", 1)
