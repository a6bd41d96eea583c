#include "onednn/matmul.h"

#include "cpu/matmul_in_parts.h"
#include "cpu/threads.h"
#include "onednn/bfloat16.h"
#include "onednn/copy.h"
#include "onednn/matmul_plan.h"
#include "onednn/plan_cache.h"
#include "onednn/primitive_use.h"

#include <bit>
#include <utility>

namespace tenon::onednn {
namespace {

using cpu::run_member;
using cpu::Scratch;
using plugin::Call;
using plugin::View;

/// A thread's use of a plan.
struct MatmulUse {
  explicit MatmulUse(std::shared_ptr<const MatmulPlan> made) : plan(std::move(made)) {
    if (plan->primitive) execution.emplace(*plan->primitive);
  }
  std::shared_ptr<const MatmulPlan> plan;
  std::optional<Execution> execution;
};

struct Products {
  using Plan = MatmulPlan;
  using Use = MatmulUse;
};

CallKey key_of(const Call& call, const tenon_matmul_attributes& attributes, int threads) {
  CallKey key;
  const View out = call.output();
  key.add(static_cast<std::int64_t>(call.input(0).dtype()) << 8 | static_cast<std::int64_t>(out.dtype()));
  key.add(static_cast<std::int64_t>(attributes.activation) << 16 | out.rank() << 8 |
          static_cast<std::int64_t>(call.num_inputs()));
  key.add(threads);
  key.add(std::bit_cast<std::int64_t>(attributes.alpha.real));
  key.add(std::bit_cast<std::int64_t>(attributes.beta.real));
  key.add(out.shape());
  key.add(call.input(0).shape().back());
  key.add(out.strides());
  for (std::size_t i = 0; i < call.num_inputs(); ++i) key.add(call.input(i).strides());
  return key;
}

/// An operand's data, or that of its copy.
class Source {
 public:
  Source(const View& view, const std::optional<Move>& packing)
      : memory_(packing ? static_cast<std::size_t>(packing->to.size()) * (view.dlpack().dtype.bits / 8U) : 0),
        data_(view.data<void>()) {
    if (!packing) return;
    const DLDataType dtype = view.dlpack().dtype;
    copy(packing->from.tensor(data_, dtype), packing->to.tensor(memory_.as<void>(), dtype));
    data_ = memory_.as<void>();
  }

  [[nodiscard]] void* data() const { return data_; }

 private:
  Scratch memory_;
  void* data_;
};

void run_gemm(const Gemm& gemm, const void* a, const void* b, void* out, int threads) {
  const OpenMpThreads scope(threads);
  dnnl::error::wrap_c_api(dnnl_sgemm(gemm.transpose_a, gemm.transpose_b, gemm.m, gemm.n, gemm.k, gemm.alpha,
                                     static_cast<const float*>(a), gemm.lda, static_cast<const float*>(b),
                                     gemm.ldb, gemm.beta, static_cast<float*>(out), gemm.ldc),
                          "could not multiply matrices");
}

void run_in_place(MatmulUse& use, const Call& call, std::uint32_t activation) {
  const MatmulPlan& plan = *use.plan;
  const View out = call.output();
  const Source a(call.input(plan.transposed ? 1 : 0), plan.packed_a);
  const Source b(call.input(plan.transposed ? 0 : 1), plan.packed_b);
  const Scratch aside(plan.aside ? static_cast<std::size_t>(out.size()) * sizeof(float) : 0);
  void* const to = plan.aside ? aside.as<void>() : out.data<void>();
  if (plan.way == Way::gemm) {
    run_gemm(plan.gemm, a.data(), b.data(), to, plan.threads);
  } else {
    void* data[kOperands] = {a.data(), b.data()};
    std::size_t count = 2;
    if (plan.fuses_bias) data[count++] = call.input(2).data<void>();
    data[count++] = to;
    use.execution->run({data, count}, plan.threads);
  }
  if (plan.aside) {
    const DLDataType dtype = out.dlpack().dtype;
    copy(plan.aside->from.tensor(aside.as<void>(), dtype), plan.aside->to.tensor(out.data<void>(), dtype));
  }
  if (call.num_inputs() == 3 && !plan.fuses_bias) {
    run_member(TENON_OP_BINARY, TENON_BINARY_ADD, {out.dlpack(), call.input(2).dlpack()}, out.dlpack());
  }
  if (activation != TENON_NO_ACTIVATION && !plan.fuses_activation) {
    run_member(TENON_OP_UNARY, activation, {out.dlpack()}, out.dlpack());
  }
}

/// sum = alpha a b, in float32.
void product(const Call& call, float alpha, const View& sum) {
  const tenon_matmul_attributes attributes = {
      sizeof(tenon_matmul_attributes), TENON_NO_ACTIVATION, {alpha, 0}, {0, 0}};
  const auto multiply = [&](const View& a, const View& b) {
    const DLTensor inputs[] = {a.dlpack(), b.dlpack()};
    const tenon_call frame = {sizeof(tenon_call), TENON_OP_MATMUL, 2,      1, inputs,
                              &sum.dlpack(),      &attributes,     nullptr};
    matmul(Call(frame));
  };
  if (call.input(0).dtype() == DType::float32 || multiplies_bfloat16()) {
    multiply(call.input(0), call.input(1));
    return;
  }
  cpu::in_dtype<float>(call.input(0), [&](const View& a) {
    cpu::in_dtype<float>(call.input(1), [&](const View& b) { multiply(a, b); });
  });
}

}  // namespace

void matmul(const Call& call) {
  if (call.output().size() == 0) return;
  const auto& attributes = call.attributes<tenon_matmul_attributes>();
  const int threads = cpu::thread_count();
  MatmulUse& use = find_use<Products>(key_of(call, attributes, threads), threads,
                                      [&] { return make_matmul_plan(call, threads); });
  switch (use.plan->way) {
    case Way::primitive:
    case Way::gemm:
      run_in_place(use, call, attributes.activation);
      return;
    case Way::shared:
      cpu::run(call);
      return;
    case Way::in_parts:
      break;
  }
  cpu::matmul_in_parts<float>(call, [&](float alpha, const View& sum) { product(call, alpha, sum); });
}

}  // namespace tenon::onednn
