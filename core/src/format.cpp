// PyTorch's rules for printing a tensor (torch/_tensor_str.py, version 1.13).
#include <tenon/device.h>
#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/format.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>
#include <vector>

#include "autograd/node.h"
#include "tensor_body.h"

namespace tenon {
namespace {

constexpr std::string_view kPrefix = "tensor(";

/// Which elements are shown.
struct Summary {
  bool summarized;
  std::int64_t edge;

  Summary(const Tensor& x, const FormatOptions& options)
      : summarized(x.size() > options.threshold), edge(std::max<std::int64_t>(options.edge_items, 0)) {}

  [[nodiscard]] bool cuts(std::int64_t extent) const { return summarized && extent > 2 * edge; }

  /// Calls `show(i)` for each shown index of an axis, and `gap()` where some are left out.
  template <typename Show, typename Gap>
  void each(std::int64_t extent, Show&& show, Gap&& gap) const {
    const bool cut = cuts(extent);
    for (std::int64_t i = 0; i < (cut ? edge : extent); ++i) show(i);
    if (!cut) return;
    gap();
    for (std::int64_t i = extent - edge; i < extent; ++i) show(i);
  }
};

/// The shown elements in order.
template <typename Value, typename Element>
void collect(const Tensor& x, const Summary& summary, std::size_t axis, const Element* element,
             std::vector<Value>& values) {
  if (axis == x.rank()) {
    values.push_back(plugin::cast_element<Value>(*element));
    return;
  }
  const std::int64_t stride = x.strides()[axis];
  summary.each(
      x.shape()[axis], [&](std::int64_t i) { collect(x, summary, axis + 1, element + i * stride, values); },
      [] {});
}

template <typename Value>
std::vector<Value> shown_values(const Tensor& x, const Summary& summary) {
  std::vector<Value> values;
  visit_dtype(x.dtype(), [&](auto tag) {
    using Element = typename decltype(tag)::type;
    collect(x, summary, 0, static_cast<const Element*>(x.address()), values);
  });
  return values;
}

/// Texts of the shown elements, and the width to which they are filled up.
struct Texts {
  std::vector<std::string> texts;
  std::size_t width = 1;

  void fill_up() {
    for (std::string& text : texts) text.insert(0, width - std::min(width, text.size()), ' ');
  }
};

Texts integer_texts(const Tensor& x, const Summary& summary) {
  Texts out;
  for (const std::int64_t value : shown_values<std::int64_t>(x, summary)) {
    const bool is_bool = x.dtype() == DType::boolean;
    out.texts.push_back(is_bool ? (value != 0 ? "True" : "False") : fmt::format("{}", value));
    out.width = std::max(out.width, out.texts.back().size());
  }
  out.fill_up();
  return out;
}

enum class Notation { integral, fixed, scientific };

Notation notation_for(const std::vector<double>& numbers) {
  const auto magnitude = [](double v) { return std::abs(v); };
  const double most = magnitude(*std::ranges::max_element(numbers, {}, magnitude));
  const double least = magnitude(*std::ranges::min_element(numbers, {}, magnitude));
  const bool integral = std::ranges::all_of(numbers, [](double v) { return v == std::ceil(v); });
  if (most / least > 1000 || most > 1e8 || (!integral && least < 1e-4)) return Notation::scientific;
  return integral ? Notation::integral : Notation::fixed;
}

std::string number_text(double value, Notation notation, int precision) {
  if (std::isnan(value)) return "nan";
  switch (notation) {
    case Notation::integral:
      return fmt::format("{:.0f}{}", value, std::isinf(value) ? "" : ".");
    case Notation::fixed:
      return fmt::format("{:.{}f}", value, precision);
    case Notation::scientific:
      break;
  }
  return fmt::format("{:.{}e}", value, precision);
}

Texts floating_texts(const Tensor& x, const Summary& summary, int precision) {
  const std::vector<double> values = shown_values<double>(x, summary);
  // Zeros, NaN and infinities decide neither notation nor width.
  std::vector<double> numbers;
  std::ranges::copy_if(values, std::back_inserter(numbers),
                       [](double v) { return std::isfinite(v) && v != 0; });
  const Notation notation = numbers.empty() ? Notation::integral : notation_for(numbers);
  Texts out;
  for (const double number : numbers) {
    out.width = std::max(out.width, number_text(number, notation, precision).size());
  }
  for (const double value : values) out.texts.push_back(number_text(value, notation, precision));
  out.fill_up();
  return out;
}

/// Brackets, commas and line breaks around the texts.
class Layout {
 public:
  Layout(const Tensor& x, const Summary& summary, const FormatOptions& options)
      : x_(x),
        summary_(summary),
        line_width_(options.line_width),
        texts_(is_floating(x.dtype()) ? floating_texts(x, summary, options.precision)
                                      : integer_texts(x, summary)) {}

  std::string text(std::size_t axis, int indent) {
    if (axis == x_.rank()) return std::move(texts_.texts[next_++]);
    const bool row = axis + 1 == x_.rank();
    std::vector<std::string> parts;
    summary_.each(
        x_.shape()[axis], [&](std::int64_t) { parts.push_back(text(axis + 1, indent + 1)); },
        [&] { parts.emplace_back(row ? " ..." : "..."); });

    std::string line_break = ",";
    line_break.append(row ? 1 : x_.rank() - axis - 1, '\n');
    line_break.append(static_cast<std::size_t>(indent) + 1, ' ');
    const std::size_t in_line = row ? elements_per_line(indent) : 1;
    std::string out = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += i % in_line == 0 ? line_break : ", ";
      out += parts[i];
    }
    return out + "]";
  }

 private:
  [[nodiscard]] std::size_t elements_per_line(int indent) const {
    const int room = line_width_ - indent;
    return room <= 0 ? 1 : std::max<std::size_t>(static_cast<std::size_t>(room) / (texts_.width + 2), 1);
  }

  const Tensor& x_;
  const Summary& summary_;
  int line_width_;
  Texts texts_;
  std::size_t next_ = 0;
};

std::vector<std::string> suffixes(const Tensor& x) {
  std::vector<std::string> out;
  const bool empty = x.size() == 0;
  if (empty && x.rank() != 1) out.push_back(fmt::format("size={}", to_string(x.shape())));
  const DType dtype = x.dtype();
  const bool default_dtype =
      dtype == DType::float32 || (!empty && (dtype == DType::int64 || dtype == DType::boolean));
  if (!x.device().is_host()) out.push_back(fmt::format("device='{}'", x.device().name()));
  if (!default_dtype) out.push_back(fmt::format("dtype={}", name(dtype)));
  if (const auto& node = x.body().edge.node(); node != nullptr) {
    out.push_back(node->leaf() != nullptr ? "requires_grad=True" : fmt::format("grad_fn=<{}>", node->name()));
  }
  return out;
}

}  // namespace

std::string to_string(const Tensor& x, const FormatOptions& options) {
  constexpr int kMostDigits = 1074;  // a double has no more after the point
  if (options.precision < 0 || options.precision > kMostDigits) {
    throw IndexError(
        fmt::format("[to_string] a precision of {} is not in [0, {}]", options.precision, kMostDigits));
  }
  if (!x.defined()) return "tensor(undefined)";
  std::string text(kPrefix);
  const int indent = static_cast<int>(kPrefix.size());
  if (x.size() == 0) {
    text += "[]";
  } else {
    const Tensor shown = x.to("cpu");
    const Summary summary(shown, options);
    text += Layout(shown, summary, options).text(0, indent);
  }
  // PyTorch counts two columns beyond the last line's end.
  const std::size_t last_break = text.rfind('\n');
  std::size_t column = text.size() + 1 - (last_break == std::string::npos ? std::size_t(-1) : last_break);
  for (const std::string& suffix : suffixes(x)) {
    if (static_cast<std::int64_t>(column + suffix.size() + 2) > options.line_width) {
      text.append(",\n").append(kPrefix.size(), ' ').append(suffix);
      column = kPrefix.size() + suffix.size();
    } else {
      text.append(", ").append(suffix);
      column += suffix.size() + 2;
    }
  }
  return text + ")";
}

std::ostream& operator<<(std::ostream& stream, const Tensor& x) { return stream << to_string(x); }

}  // namespace tenon
