// Text for people, in PyTorch's layout.
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <iosfwd>
#include <string>

namespace tenon {

struct FormatOptions {
  int precision = 4;              ///< digits after the point; IndexError unless in [0, 1074]
  std::int64_t threshold = 1000;  ///< more elements than this are summarised with "..."
  std::int64_t edge_items = 3;    ///< how many are shown at each end then
  int line_width = 80;
};

/// As PyTorch prints: "tensor([[1., 2.],\n        [3., 4.]])", common column width, scientific
/// notation where the range asks for it, dtype unless it is the default of its category, size if empty,
/// "requires_grad=True" or "grad_fn=<name>".
TENON_API std::string to_string(const Tensor& x, const FormatOptions& options = {});
TENON_API std::ostream& operator<<(std::ostream& stream, const Tensor& x);

}  // namespace tenon
