// A product with a bias by cuBLASLt, which adds the bias before it rounds.
#include "cuda/gemm.h"

#include <cstddef>
#include <type_traits>

namespace tenon::cuda {
namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;  // what NVIDIA recommends for sm_90
constexpr std::uint32_t kAlignment = 16;                        // what vectorised loads need
constexpr std::size_t kMostRemembered = 1024;

/// A descriptor of cuBLASLt, destroyed with this object.
template <typename Handle, cublasStatus_t (*destroy)(Handle)>
class Owned {
 public:
  template <typename... Args>
  Owned(const char* function, cublasStatus_t (*create)(Handle*, Args...),
        std::type_identity_t<Args>... args) {
    check(create(&handle_, args...), function);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    release_quietly("a cuBLASLt descriptor's end", [this] { return destroy(handle_); });
  }
  [[nodiscard]] Handle get() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};
using Description = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using MatrixLayout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

MatrixLayout layout(DType dtype, cublasOperation_t op, int rows, int columns, int ld) {
  const bool stored = op == CUBLAS_OP_N;
  return MatrixLayout("cublasLtMatrixLayoutCreate", cublasLtMatrixLayoutCreate, data_type(dtype),
                      static_cast<std::uint64_t>(stored ? rows : columns),
                      static_cast<std::uint64_t>(stored ? columns : rows), ld);
}

template <typename T>
void set(const Description& description, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  check(cublasLtMatmulDescSetAttribute(description.get(), attribute, &value, sizeof(value)),
        "cublasLtMatmulDescSetAttribute");
}

template <typename T>
void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
  check(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof(value)),
        "cublasLtMatmulPreferenceSetAttribute");
}

/// What one call describes to cuBLASLt.
struct Problem {
  Description description;
  MatrixLayout left, right, result;

  Problem(const ColumnMajor& call, DType dtype, const void* bias)
      : description("cublasLtMatmulDescCreate", cublasLtMatmulDescCreate, compute_type(dtype), CUDA_R_32F),
        left(layout(dtype, call.left_op, call.m, call.k, call.left_ld)),
        right(layout(dtype, call.right_op, call.k, call.n, call.right_ld)),
        result(layout(dtype, CUBLAS_OP_N, call.m, call.n, call.c_ld)) {
    set(description, CUBLASLT_MATMUL_DESC_TRANSA, call.left_op);
    set(description, CUBLASLT_MATMUL_DESC_TRANSB, call.right_op);
    set(description, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    set(description, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  }
};

/// The algorithm that cuBLASLt thinks best; its `state` is not SUCCESS if it knows none.
cublasLtMatmulHeuristicResult_t choose(const Queue& queue, const Problem& problem) {
  const Preference preference("cublasLtMatmulPreferenceCreate", cublasLtMatmulPreferenceCreate);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{kWorkspaceBytes});
  // Where the summed extent is cut, the pieces are added in float32.
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  for (const auto operand :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set(preference, operand, kAlignment);
  }
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      queue.state().cublas_lt(), problem.description.get(), problem.left.get(), problem.right.get(),
      problem.result.get(), problem.result.get(), preference.get(), 1, &best, &found);
  if (status != CUBLAS_STATUS_NOT_SUPPORTED) check(status, "cublasLtMatmulAlgoGetHeuristic");
  if (found == 0) best.state = CUBLAS_STATUS_NOT_SUPPORTED;
  return best;
}

/// In bytes, as far as cuBLASLt looks.
int alignment_of(const void* data) {
  constexpr std::uintptr_t kMost = 256;
  const auto address = reinterpret_cast<std::uintptr_t>(data) | kMost;
  return static_cast<int>(address & -address);
}

/// May be changed.
cublasLtMatmulHeuristicResult_t& chosen(const Queue& queue, const ColumnMajor& call, DType dtype,
                                        const void* bias, const Problem& problem) {
  auto& known = queue.state().lt_algorithms;
  const LtProblem key = {dtype,  call.left_op, call.right_op, call.m,    call.n,
                         call.k, call.left_ld, call.right_ld, call.c_ld, alignment_of(bias)};
  if (const auto found = known.find(key); found != known.end()) return found->second;
  if (known.size() >= kMostRemembered) known.clear();
  return known[key] = choose(queue, problem);
}

bool is_aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0; }

}  // namespace

bool multiply_with_bias(const Queue& queue, double alpha, const Matrix& a, const Matrix& b, const void* bias,
                        const Matrix& c) {
  if (c.dtype == DType::float64 || !is_aligned(a.data) || !is_aligned(b.data) || !is_aligned(bias) ||
      !is_aligned(c.data)) {
    return false;
  }
  const ColumnMajor call = column_major(a, b, c);
  const Problem problem(call, c.dtype, bias);
  cublasLtMatmulHeuristicResult_t& best = chosen(queue, call, c.dtype, bias, problem);
  if (best.state != CUBLAS_STATUS_SUCCESS) return false;
  const Scratch workspace(queue, best.workspaceSize);
  const Scalar product_scale(c.dtype, alpha);
  const Scalar old_scale(c.dtype, 0);
  const cublasStatus_t status =
      cublasLtMatmul(queue.state().cublas_lt(), problem.description.get(), product_scale.get(),
                     call.left->data, problem.left.get(), call.right->data, problem.right.get(),
                     old_scale.get(), c.data, problem.result.get(), c.data, problem.result.get(), &best.algo,
                     workspace.as<void>(), best.workspaceSize, queue.stream());
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) {
    best.state = status;  // it thought otherwise when it was asked; cuBLAS does it from now on
    return false;
  }
  check(status, "cublasLtMatmul");
  return true;
}

}  // namespace tenon::cuda
