// What is known of each row of the op table: how to make its operands, with which arguments to call it, and
// how far a result may be from the float64 one. A new row earns values, layouts, gradients and second
// derivatives on every backend by one entry here.
#pragma once

#include <tenon/op_table.h>
#include <tenon/tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tenon::test {

using Tensors = std::vector<Tensor>;

/// Where the values of an operand lie.
struct Domain {
  double low = -2;
  double high = 2;
  double gap = 0;                   ///< the least magnitude: keeps away from a kink or pole at 0
  bool off_grid = false;            ///< keeps away from multiples of 1/2, where floor, ceil and round jump
  std::vector<double> pinned = {};  ///< the first elements
};

struct Operand {
  enum class Kind { real, index, condition };
  Shape shape;
  Domain domain = {};
  Kind kind = Kind::real;
  std::int64_t extent = 0;  ///< an index lies in [0, extent)
};

/// The allowed |result - reference| per element. `operands` and `reference` are float64; `u` is the unit
/// roundoff of what is computed in, `dtype` the result's. 0 asks for the same bits as the rounded reference.
struct Judged {
  const Tensors& operands;
  const Tensor& reference;
  double u;
  DType dtype;
};
using Bound = std::function<std::vector<double>(const Judged&)>;

struct OpCase {
  std::string op;
  std::string variant;  ///< tells several cases of a row apart
  std::vector<Operand> operands;
  std::map<std::string, std::string> arguments = {};
  Bound bound;
  std::vector<DType> dtypes;  ///< of the real operands; of the result where there are none
  std::vector<Shape> empty_shapes =
      {};  ///< of the operands in a call on no elements; none: there is no such call
};

/// At least one for each row of the table.
const std::vector<OpCase>& op_cases();

}  // namespace tenon::test
