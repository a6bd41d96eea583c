#include "op_help.h"

#include <tenon/plugin/abi.h>

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tenon::tool {
namespace {

struct Family {
  std::uint32_t code;
  std::string_view title;
};

constexpr std::array kFamilies = {Family{TENON_OP_INIT, "new tensors"},
                                  Family{TENON_OP_COPY, "copies"},
                                  Family{TENON_OP_UNARY, "of one operand"},
                                  Family{TENON_OP_BINARY, "of two operands"},
                                  Family{TENON_OP_TERNARY, "of three operands"},
                                  Family{TENON_OP_REDUCE, "reductions"},
                                  Family{TENON_OP_MATMUL, "products"},
                                  Family{TENON_OP_EINSUM, "Einstein summation"},
                                  Family{TENON_OP_INDEX, "indexing"},
                                  Family{TENON_OP_SOFTMAX, "fused where a backend has it"},
                                  Family{0, "composites and views"}};

std::string_view describe(DTypeRule rule) {
  switch (rule) {
    case DTypeRule::given:
      return "as the arguments say";
    case DTypeRule::same:
      return "that of the (promoted) inputs";
    case DTypeRule::floating:
      return "that of the inputs; float32 for integers and bool";
    case DTypeRule::boolean:
      return "bool";
    case DTypeRule::accumulating:
      return "that of the input; int64 for integers and bool";
    case DTypeRule::index:
      return "int64";
  }
  return {};
}

std::string_view describe(Accepts accepts) {
  switch (accepts) {
    case Accepts::any:
      return "all";
    case Accepts::no_bool:
      return "all but bool";
    case Accepts::no_floating:
      return "integers and bool";
    case Accepts::floating:
      return "float32, float64, bfloat16";
  }
  return {};
}

}  // namespace

std::string op_list() {
  std::string text =
      "Run one op on .npy files and print the result.\n"
      "Usage: tenon op NAME [FILE.npy...] [--argument VALUE...] [--backend LIST] [--out FILE.npy]\n";
  for (const Family& family : kFamilies) {
    text += fmt::format("\n{}\n", family.title);
    for (const OpInfo& op : op_table()) {
      if (op.family != family.code) continue;
      text += fmt::format("  {:<34} {}\n", fmt::format("{} {}", op.name, op.inputs), op.formula);
    }
  }
  return text +
         "\n`tenon op NAME --help` shows the arguments of one.\n\n"
         "Examples:\n"
         "  tenon op normal --shape 3x4 --seed 7 --out a.npy\n"
         "  tenon op sum a.npy --axis 0,1 --keepdim\n"
         "  tenon op matmul a.npy b.npy --backend blas --out c.npy\n";
}

std::string op_footer(const OpInfo& op) {
  return fmt::format("\ndtypes: {}\ndtype of the result: {}\ngradient: {}", describe(op.accepts),
                     describe(op.dtype_rule), op.differentiable ? "flows to floating inputs" : "none");
}

}  // namespace tenon::tool
