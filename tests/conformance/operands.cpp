#include "operands.h"

#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <cmath>
#include <limits>

namespace tenon::test {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014), seeded by a text.
class Numbers {
 public:
  Numbers(const std::string& text, std::size_t stream) : state_(stream * 0x632BE59BD9B4E019u + 1) {
    for (const char letter : text) state_ = (state_ ^ static_cast<unsigned char>(letter)) * 0x100000001B3u;
  }
  /// In [0, 1), 53 bits.
  double next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

double real_value(const Domain& domain, Numbers& numbers) {
  double value = domain.low + (domain.high - domain.low) * numbers.next();
  if (domain.gap > 0 && std::abs(value) < domain.gap) value += std::copysign(domain.gap, value);
  if (domain.off_grid) value = std::floor(2 * value) / 2 + 0.1 + 0.3 * numbers.next();
  return value;
}

Tensor values_of(const Operand& operand, DType dtype, const Shape& shape, Numbers numbers) {
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (operand.kind == Operand::Kind::index) {
      values[i] = std::floor(numbers.next() * static_cast<double>(operand.extent));
    } else if (operand.kind == Operand::Kind::condition) {
      values[i] = numbers.next() < 0.5 ? 0 : 1;
    } else if (!is_floating(dtype)) {
      values[i] = std::floor(numbers.next() * 19) - (dtype == DType::uint8 ? 0 : 9);
    } else {
      values[i] =
          i < operand.domain.pinned.size() ? operand.domain.pinned[i] : real_value(operand.domain, numbers);
    }
  }
  const Tensor wide = from_values(values, shape);
  if (operand.kind == Operand::Kind::index) return astype(wide, DType::int64);
  if (operand.kind == Operand::Kind::condition) return astype(wide, DType::boolean);
  return astype(wide, dtype);
}

LaidOut laid_out(const Tensor& values, Layout layout) {
  const std::size_t rank = values.rank();
  if (layout == Layout::transposed && rank >= 2) {
    return {contiguous(transpose(values, 0, -1)), [](const Tensor& base) { return transpose(base, 0, -1); }};
  }
  if (layout == Layout::sliced && rank >= 1) {
    Shape wide = values.shape();
    wide[rank - 1] = 2 * wide[rank - 1] + 1;
    const auto every_second = [](const Tensor& base) {
      return index(base, {Ellipsis, Slice{1, std::nullopt, 2}});
    };
    Tensor base = is_floating(values.dtype())
                      ? full(wide, std::numeric_limits<double>::quiet_NaN(), values.dtype())
                      : full(wide, 77, values.dtype());
    copy_(every_second(base), values);
    return {base, every_second};
  }
  if (layout == Layout::expanded && rank >= 1) {
    return {contiguous(slice(values, 0, 0, 1)),
            [shape = values.shape()](const Tensor& base) { return expand(base, shape); }};
  }
  return {values, [](const Tensor& base) { return base; }};
}

}  // namespace

std::string_view name(Layout layout) {
  constexpr std::string_view names[] = {"contiguous", "transposed", "sliced", "expanded", "empty"};
  return names[static_cast<std::size_t>(layout)];
}

bool has_layout(const OpCase& op_case, Layout layout) {
  if (layout == Layout::empty) return !op_case.empty_shapes.empty();
  return layout == Layout::contiguous || !op_case.operands.empty();
}

std::vector<LaidOut> lay_out(const OpCase& op_case, DType dtype, Layout layout) {
  const NoGrad no_grad;
  std::vector<LaidOut> operands;
  for (std::size_t i = 0; i < op_case.operands.size(); ++i) {
    const Operand& operand = op_case.operands[i];
    const Shape& shape = layout == Layout::empty ? op_case.empty_shapes.at(i) : operand.shape;
    operands.push_back(
        laid_out(values_of(operand, dtype, shape, Numbers(op_case.op + op_case.variant, i)), layout));
    operands.back().kind = operand.kind;
  }
  return operands;
}

Tensors views(std::span<const LaidOut> operands) {
  Tensors tensors;
  for (const LaidOut& operand : operands) tensors.push_back(operand.view(operand.base));
  return tensors;
}

std::map<std::string, std::string> arguments_for(const OpCase& op_case, DType dtype) {
  std::map<std::string, std::string> arguments = op_case.arguments;
  const OpInfo& row = find_op(op_case.op);
  if (op_case.operands.empty() && row.dtype_rule == DTypeRule::given) {
    arguments["dtype"] = std::string(tenon::name(dtype));
  }
  return arguments;
}

}  // namespace tenon::test
