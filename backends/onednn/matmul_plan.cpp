#include "onednn/matmul_plan.h"

#include "onednn/bfloat16.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::onednn {
namespace {

using dnnl::memory;

memory::data_type data_type(DType dtype) {
  return dtype == DType::bfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
}

/// oneDNN 3.7 on AVX-512 takes a vector's elements for neighbours, whatever its stride.
bool is_vector_with_gaps(const Matrix& matrix, Operand operand) {
  if (matrix.row->extent != 1 && matrix.column->extent != 1) return false;
  const Axis* const along = matrix.row->extent == 1 ? matrix.column : matrix.row;
  return along->extent != 1 && along->stride[operand] != 1;
}

/// oneDNN 3.7 on AVX-512 needs several batch axes to lie around the matrix, each around the next.
bool has_entangled_batches(const Layout& layout) {
  if (layout.rank < 4) return false;
  std::int64_t span = 0;
  for (int i = layout.rank - 1; i >= 0; --i) {
    if (layout.shape[i] == 1) continue;
    if (i < layout.rank - 2 && layout.strides[i] < span) return true;
    span = std::max(span, layout.strides[i] * layout.shape[i]);
  }
  return false;
}

/// The operand where it lies; none if neither of its matrix's axes is dense or its axes do not nest.
std::optional<Layout> layout_in_place(const MatmulProblem& problem, Operand operand) {
  const Matrix matrix = problem.matrix(operand);
  if (kVersion3 && is_vector_with_gaps(matrix, operand)) return std::nullopt;
  const auto [row, column] = matrix;
  Layout layout;
  for (int i = 0; i < problem.batches; ++i) {
    const std::int64_t stride = problem.batch[i].stride[operand];
    // oneDNN repeats an axis of extent 1; its stride is never used.
    layout.add(stride == 0 ? 1 : problem.batch[i].extent, stride == 0 ? 1 : stride);
  }
  const std::int64_t row_stride = row->stride[operand];
  const std::int64_t column_stride = column->stride[operand];
  if ((column->extent == 1 || column_stride == 1) && (row->extent == 1 || row_stride >= column->extent)) {
    layout.add(row->extent, row->extent == 1 ? column->extent : row_stride);
    layout.add(column->extent, 1);
  } else if ((row->extent == 1 || row_stride == 1) && (column->extent == 1 || column_stride >= row->extent)) {
    layout.add(row->extent, 1);
    layout.add(column->extent, column->extent == 1 ? row->extent : column_stride);
  } else {
    return std::nullopt;
  }
  if (!layout.nests() || (kVersion3 && has_entangled_batches(layout))) return std::nullopt;
  return layout;
}

/// The move to a dense copy in which repeated batches stay one.
Move pack(const MatmulProblem& problem, Operand operand) {
  const auto [row, column] = problem.matrix(operand);
  Move move;
  for (int i = 0; i < problem.batches; ++i) {
    const std::int64_t stride = problem.batch[i].stride[operand];
    move.from.add(stride == 0 ? 1 : problem.batch[i].extent, stride);
  }
  move.from.add(row->extent, row->stride[operand]);
  move.from.add(column->extent, column->stride[operand]);
  move.to = move.from;
  std::int64_t size = 1;
  for (int i = move.to.rank; i-- > 0;) {
    move.to.strides[i] = size;
    size *= move.to.shape[i];
  }
  return move;
}

/// An input where it lies, or else its copy.
Layout input_layout(const MatmulProblem& problem, Operand operand, std::optional<Move>& packed) {
  if (const std::optional<Layout> layout = layout_in_place(problem, operand)) return *layout;
  packed = pack(problem, operand);
  return packed->to;
}

/// Whether oneDNN's own bias can be this one: a row, the same for every row and batch.
bool is_row_bias(const MatmulProblem& problem) {
  if (problem.row.extent != 1 && problem.row.stride[kBias] != 0) return false;
  if (problem.column.extent != 1 && problem.column.stride[kBias] != 1) return false;
  for (int i = 0; i < problem.batches; ++i) {
    if (problem.batch[i].stride[kBias] != 0) return false;
  }
  return true;
}

std::optional<dnnl::algorithm> fused_activation(std::uint32_t activation) {
  switch (activation) {
    case TENON_UNARY_ABS:
      return dnnl::algorithm::eltwise_abs;
    case TENON_UNARY_SQUARE:
      return dnnl::algorithm::eltwise_square;
    case TENON_UNARY_SQRT:
      return dnnl::algorithm::eltwise_sqrt;
    default:
      return std::nullopt;  // see README.md: they lose NaN, or bits
  }
}

/// Of oneDNN's sgemm for AVX2: the elements of a row of out that one step of its kernel makes.
constexpr std::int64_t kGemmStep = 24;
constexpr std::int64_t kGemmRows = 4;
constexpr double kMultiplyAdd = 0.055;  // nanoseconds
constexpr double kMovedElement = 1;
constexpr double kMove = 500;

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

/// Whether a product whose rows fill the steps of the kernel badly is better made as its transpose. Not where both
/// a and b lie by rows: they would have to be turned, which eats what it saves.
bool is_better_transposed(const MatmulPlan& plan, const MatmulProblem& problem) {
  if (plan.b.strides[1] == 1) return false;
  const auto work = [&](std::int64_t rows, std::int64_t columns) {
    return static_cast<double>(round_up(rows, kGemmRows) * round_up(columns, kGemmStep) *
                               problem.summed.extent);
  };
  const std::int64_t m = problem.row.extent;
  const std::int64_t n = problem.column.extent;
  const double saved = kMultiplyAdd * (work(m, n) - work(n, m));
  return problem.batches == 0 && saved > kMove + kMovedElement * static_cast<double>(m * n);
}

/// Gives the plan its primitive, with as much of the epilogue as it takes. The name of oneDNN's
/// implementation, or nothing if there is none.
std::string add_primitive(MatmulPlan& plan, const MatmulProblem& problem,
                          const tenon_matmul_attributes& attributes) {
  plan.a = input_layout(problem, kA, plan.packed_a);
  plan.b = input_layout(problem, kB, plan.packed_b);
  const auto alpha = static_cast<float>(attributes.alpha.real);
  const auto beta = static_cast<float>(attributes.beta.real);
  dnnl::primitive_attr given = new_attributes();
  dnnl::post_ops operations;
  if (alpha != 1) append_factor(alpha, operations, given);
  if (beta != 0) operations.append_sum(beta);
  plan.fuses_bias = problem.has_bias && alpha == 1 && !plan.aside && is_row_bias(problem);
  const auto algorithm = fused_activation(attributes.activation);
  plan.fuses_activation = algorithm && !plan.aside && plan.fuses_bias == problem.has_bias;
  if (plan.fuses_activation) append_eltwise(*algorithm, operations);
  given.set_post_ops(operations);

  const memory::desc a_desc = plan.a.descriptor(data_type(problem.input_dtype));
  const memory::desc b_desc = plan.b.descriptor(data_type(problem.input_dtype));
  const memory::desc out_desc = plan.out.descriptor(data_type(problem.output_dtype));
  memory::desc bias_desc;
  if (plan.fuses_bias) {
    Layout bias;
    for (int i = 0; i + 1 < plan.out.rank; ++i) bias.add(1, problem.column.extent);
    bias.add(problem.column.extent, 1);
    bias_desc = bias.descriptor(data_type(problem.output_dtype));
  }
  const auto found = find_matmul(a_desc, b_desc, bias_desc, out_desc, given);
  if (!found) return {};
  std::vector<Primitive::Argument> arguments = {{DNNL_ARG_SRC, a_desc}, {DNNL_ARG_WEIGHTS, b_desc}};
  if (plan.fuses_bias) arguments.push_back({DNNL_ARG_BIAS, bias_desc});
  arguments.push_back({DNNL_ARG_DST, out_desc});
  plan.primitive.emplace(*found, std::move(arguments));
  return found->impl_info_str();
}

/// Multiplications below which a call's cost counts: dnnl_sgemm is the kernel of the primitive gemm:jit, 0.9
/// us closer.
constexpr std::int64_t kSmallProduct = 1 << 21;
/// Summed extent from which adding a bias afterwards costs less than the primitive's call.
constexpr std::int64_t kDeep = 32;
/// Below it dnnl_sgemm is ahead of brgemm where is_weak_of_brgemm() says so.
constexpr std::int64_t kMiddlingProduct = 1 << 26;
constexpr std::int64_t kBrgemmBlock = 64;

std::int64_t multiplications(const MatmulProblem& problem) {
  std::int64_t count = problem.row.extent * problem.column.extent * problem.summed.extent;
  for (int i = 0; i < problem.batches; ++i) count *= problem.batch[i].extent;
  return count;
}

/// brgemm, the primitive on AVX-512, copies an a that lies by columns (dnnl_sgemm: 1.08 of its speed on average),
/// and shares out rows that leave a part of a block of 64 badly (1.08 to 1.2 where the sum is short, up to 2.5).
bool is_weak_of_brgemm(const MatmulPlan& plan, const MatmulProblem& problem) {
  const std::int64_t n = problem.column.extent;
  const bool splits_badly = problem.row.extent % kBrgemmBlock != 0 && n > kBrgemmBlock;
  return plan.a.strides[1] != 1 || (splits_badly && problem.summed.extent <= n && !plan.fuses_bias);
}

/// Takes dnnl_sgemm, if it can be; the epilogue that the primitive would have fused then costs a pass.
void take_gemm(MatmulPlan& plan, const MatmulProblem& problem, const tenon_matmul_attributes& attributes) {
  const std::int64_t m = problem.row.extent;
  const std::int64_t n = problem.column.extent;
  const std::int64_t k = problem.summed.extent;
  if (problem.input_dtype != DType::float32 || problem.output_dtype != DType::float32) return;
  if (problem.batches != 0 || plan.fuses_activation || (plan.fuses_bias && k < kDeep)) return;
  const auto leading = [](const Layout& layout) { return std::max(layout.strides[0], layout.strides[1]); };
  const auto flag = [](const Layout& layout) { return layout.strides[1] == 1 ? 'N' : 'T'; };
  plan.gemm = {flag(plan.a),
               flag(plan.b),
               m,
               n,
               k,
               leading(plan.a),
               leading(plan.b),
               leading(plan.out),
               static_cast<float>(attributes.alpha.real),
               static_cast<float>(attributes.beta.real)};
  plan.primitive.reset();
  plan.fuses_bias = false;
  plan.way = Way::gemm;
}

/// The primitive that writes out^T, densely, to scratch memory; `problem` is the one that plan solves now.
std::shared_ptr<const MatmulPlan> with_result_aside(const MatmulPlan& plan, MatmulProblem problem,
                                                    const tenon_matmul_attributes& attributes) {
  auto aside = std::make_shared<MatmulPlan>();
  aside->threads = plan.threads;
  const std::int64_t rows = problem.row.extent;
  const std::int64_t columns = problem.column.extent;
  Move& move = aside->aside.emplace();
  move.from.add(rows, 1);
  move.from.add(columns, rows);
  move.to.add(rows, problem.row.stride[kOut]);
  move.to.add(columns, problem.column.stride[kOut]);
  problem.transpose();
  aside->transposed = !plan.transposed;
  aside->out.add(columns, rows);
  aside->out.add(rows, 1);
  if (add_primitive(*aside, problem, attributes).empty()) return nullptr;
  aside->way = Way::primitive;
  if (multiplications(problem) < kSmallProduct) take_gemm(*aside, problem, attributes);
  return aside;
}

/// Multiplications in less time than waking a second thread takes (1.3 us). oneDNN splits smaller ones, too.
std::int64_t work_of_one_thread() {
  return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core ? 1 << 18 : 1 << 17;
}

/// bfloat16 is rounded once, after everything.
bool would_round_twice(const MatmulPlan& plan, const MatmulProblem& problem, std::uint32_t activation) {
  const bool complete =
      plan.fuses_bias == problem.has_bias && (plan.fuses_activation || activation == TENON_NO_ACTIVATION);
  return problem.output_dtype == DType::bfloat16 && !complete;
}

}  // namespace

std::shared_ptr<const MatmulPlan> make_matmul_plan(const plugin::Call& call, int threads) {
  auto plan = std::make_shared<MatmulPlan>();
  const auto& attributes = call.attributes<tenon_matmul_attributes>();
  MatmulProblem problem(call);
  plan->way = Way::in_parts;
  if (problem.summed.extent == 0 || static_cast<float>(attributes.alpha.real) == 0) return plan;
  if (problem.input_dtype == DType::bfloat16 && !multiplies_bfloat16()) return plan;
  if (problem.batches + 2 > kMaxRank) {
    plan->way = Way::shared;
    return plan;
  }
  const std::int64_t work = multiplications(problem);
  plan->threads = work <= work_of_one_thread() ? 1 : threads;
  const OpenMpThreads scope(plan->threads);  // oneDNN plans for as many as there are now
  std::optional<Layout> out = layout_in_place(problem, kOut);
  if (out && out->strides[out->rank - 1] != 1) {
    problem.transpose();
    plan->transposed = true;
    out = layout_in_place(problem, kOut);
  }
  if (!out) return plan;
  plan->out = *out;
  const std::string implementation = add_primitive(*plan, problem, attributes);
  if (implementation.empty()) {
    plan->way = Way::shared;
    return plan;
  }
  if (would_round_twice(*plan, problem, attributes.activation)) return plan;
  plan->way = Way::primitive;
  if (!implementation.starts_with("gemm:jit")) {
    if (work < kMiddlingProduct && is_weak_of_brgemm(*plan, problem)) take_gemm(*plan, problem, attributes);
    return plan;
  }
  const bool fits_aside = problem.output_dtype == DType::float32 && attributes.beta.real == 0;
  if (fits_aside && is_better_transposed(*plan, problem)) {
    if (auto aside = with_result_aside(*plan, problem, attributes)) return aside;
  }
  if (work < kSmallProduct) take_gemm(*plan, problem, attributes);
  return plan;
}

}  // namespace tenon::onednn
