// Every op once, as data: the door, the coverage matrix, the command line, the documentation and the
// conformance tests read this table.
#pragma once

#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/scalar.h>
#include <tenon/tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

/// The primitives: what a backend is asked for. The order is that of op_table().
enum class Op : std::uint8_t {
  fill,
  arange,
  eye,
  random_bits,
  uniform,
  normal,
  copy,
  neg,
  abs,
  sign,
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  rsqrt,
  square,
  reciprocal,
  sin,
  cos,
  tanh,
  sigmoid,
  relu,
  erf,
  gelu,
  floor,
  ceil,
  round,
  logical_not,
  isnan,
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  where,
  clamp,
  multiply_add,
  sum,
  mean,
  prod,
  max,
  min,
  any,
  all,
  argmax,
  argmin,
  matmul,
  einsum,
  gather,
  scatter_add,
  one_hot,
  softmax,
  log_softmax
};
inline constexpr std::size_t kOpCount = static_cast<std::size_t>(Op::log_softmax) + 1;

/// The dtype of an op's output.
enum class DTypeRule : std::uint8_t {
  given,         ///< an argument says it
  same,          ///< that of the (promoted) inputs
  floating,      ///< the same, integers and bool become float32
  boolean,       ///< bool
  accumulating,  ///< that of the input, integers and bool become int64
  index          ///< int64
};

/// What the dtype may be to which an op's inputs promote, or that of an op without inputs.
enum class Accepts : std::uint8_t { any, no_bool, no_floating, floating };

/// What an argument that is not a tensor holds.
enum class ArgumentKind : std::uint8_t { integer, real, flag, dims, dtype, text };

struct ArgumentInfo {
  std::string_view name;
  ArgumentKind kind;
  std::string_view fallback;  ///< the default as text; "required" if there is none
  std::string_view help;
};

/// Arguments by name, as text; typed reading with errors that name the argument.
class TENON_API Arguments {
 public:
  /// Throws IndexError on a name that `known` does not have, or on a required one that is missing.
  Arguments(std::string_view op, std::span<const ArgumentInfo> known,
            std::map<std::string, std::string> given);

  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double real(std::string_view name) const;
  /// An integer if the text is one, else a floating number.
  [[nodiscard]] Scalar number(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  /// "3x4" or "3,4"; empty text is an empty list.
  [[nodiscard]] Dims dims(std::string_view name) const;
  [[nodiscard]] DType dtype(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] bool empty(std::string_view name) const { return text(name).empty(); }

 private:
  std::string op_;
  std::map<std::string, std::string, std::less<>> values_;
};

struct OpInfo {
  std::string_view name;
  std::uint32_t family = 0;  ///< TENON_OP_*; 0 for a composite
  std::uint32_t member = 0;
  /// The tensors' names, separated by spaces; "[bias]" may be left out, "tensors..." is one or more.
  std::string_view inputs;
  std::span<const ArgumentInfo> arguments;
  DTypeRule dtype_rule = DTypeRule::same;
  bool differentiable = false;
  std::string_view formula;
  /// Calls the public function with a tensor for each name, undefined where one was left out. Throws what it
  /// throws.
  Tensor (*invoke)(std::span<const Tensor> inputs, const Arguments& arguments) = nullptr;
  Accepts accepts = Accepts::any;
  bool optional = false;  ///< composed of others where no chosen backend does it
};

/// One word of OpInfo::inputs.
struct InputInfo {
  std::string_view name;
  bool optional = false;  ///< "[bias]"
  bool repeats = false;   ///< "tensors..."
};
TENON_API std::vector<InputInfo> inputs_of(const OpInfo& op);

/// All primitives in the order of Op, then the composites.
TENON_API std::span<const OpInfo> op_table();
TENON_API const OpInfo& info(Op op);
/// By name. Throws IndexError that suggests the nearest name.
TENON_API const OpInfo& find_op(std::string_view name);
/// find_op(name).invoke after checking the number of inputs and the arguments.
TENON_API Tensor invoke(std::string_view name, std::span<const Tensor> inputs,
                        std::map<std::string, std::string> arguments = {});

/// How a backend comes to do a primitive.
enum class Coverage : std::uint8_t {
  native,         ///< by a kernel of its library or its own
  shared,         ///< by a kernel that it shares with other backends
  decomposition,  ///< by way of its other ops
  fallback        ///< not at all: the next in the list does it, at last naive
};
/// On contiguous operands of `dtype`. Throws BackendError if the backend cannot be used.
TENON_API Coverage backend_coverage(std::string_view backend, Op op, DType dtype);

}  // namespace tenon
