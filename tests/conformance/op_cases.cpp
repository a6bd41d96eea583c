#include "op_cases.h"

#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <cmath>

#include "bounds.h"

namespace tenon::test {
namespace {

using Kind = Operand::Kind;

const std::vector<DType> kReal = {DType::float32, DType::float64};
const std::vector<DType> kBits = {DType::int32, DType::int64, DType::uint8, DType::boolean};
const std::vector<DType> kNumbers = {DType::float32, DType::float64, DType::int32, DType::int64,
                                     DType::uint8};
const std::vector<DType> kAll = {DType::float32, DType::float64, DType::bfloat16, DType::int32,
                                 DType::int64,   DType::uint8,   DType::boolean};

const Domain kAnywhere{};
const Domain kSmooth{.pinned = {0, -1, 1}};
const Domain kOffZero{.gap = 0.1};
const Domain kPositive{.low = 0.25, .high = 4};
const Domain kOffGrid{.off_grid = true};
const Domain kWithNaN{.pinned = {NAN}};
const Domain kZeroAndOne{.pinned = {0, 1}};
const Domain kMinusZeroAndOne{.pinned = {-0.0, 1}};
const Domain kSpecial{.pinned = {1, INFINITY, NAN}};
const Domain kNearSpecial{.pinned = {1 + 1e-6, INFINITY, NAN}};

// ---- magnitudes and numbers of terms for the gamma classes ----

std::function<double(const Tensors&)> terms(double n) {
  return [n](const Tensors&) { return n; };
}
Tensor of_reference(const Tensors&, const Tensor& y) { return abs(y); }

Bound sum_bound(double n, Tensor (*reduction)(const Tensor&, const Axes&, bool), const Axes& axes,
                bool keepdim) {
  return gamma(terms(n),
               [=](const Tensors& x, const Tensor&) { return reduction(abs(x[0]), axes, keepdim); });
}

// gamma_(k+1) |a| |b|, the last of the terms for the rounding of the result.
Bound matmul_bound(double k) {
  return gamma(terms(k + 1), [](const Tensors& x, const Tensor&) { return matmul(abs(x[0]), abs(x[1])); });
}

// x_i - mean is off by gamma_(n+2) (|x_i| + mean |x|), its square by twice that, the sum of n and the
// quotient by another gamma_(n+2): 3 n + 6 roundings of (|x_i| + mean |x|)^2 in all.
Tensor variance_magnitude(const Tensors& x, const Axes& axes, double correction) {
  const Tensor size = abs(x[0]);
  const double n = static_cast<double>(size.size()) / static_cast<double>(sum(size, axes).size());
  return mean(square(size + mean(size, axes, true)), axes) * (n / (n - correction));
}

Tensor distance_to_max(const Tensor& x, const Axes& axes) {
  return x.size() == 0 ? x : max(x, axes, true) - x;
}

// ---- families ----

void add_unary(std::vector<OpCase>& cases) {
  struct Row {
    const char* op;
    Domain domain;
    Bound bound;
    std::vector<DType> dtypes;
  };
  const Row rows[] = {
      {"neg", kSmooth, exact(), kNumbers},     {"abs", kOffZero, exact(), kAll},
      {"sign", kOffZero, exact(), kAll},       {"exp", kSmooth, ulps(3, 3), kAll},
      {"expm1", kSmooth, ulps(3, 3), kAll},    {"log", kPositive, ulps(4, 3), kAll},
      {"log1p", kPositive, ulps(4, 3), kAll},  {"sqrt", kPositive, exact(), kAll},
      {"rsqrt", kPositive, ulps(4, 3), kAll},  {"square", kSmooth, exact(), kAll},
      {"reciprocal", kOffZero, exact(), kAll}, {"sin", kSmooth, ulps(4, 3), kAll},
      {"cos", kSmooth, ulps(4, 3), kAll},      {"tanh", kSmooth, ulps(5, 5), kAll},
      {"sigmoid", kSmooth, ulps(6, 6), kAll},  {"relu", kOffZero, exact(), kAll},
      {"erf", kSmooth, ulps(16, 16), kAll},    {"gelu", kSmooth, scaled(8, 1), kAll},
      {"floor", kOffGrid, exact(), kAll},      {"ceil", kOffGrid, exact(), kAll},
      {"round", kOffGrid, exact(), kAll},      {"logical_not", kSmooth, exact(), kAll},
      {"isnan", kWithNaN, exact(), kAll},      {"softplus", kSmooth, scaled(8, 1), kAll},
  };
  for (const Row& row : rows) {
    cases.push_back({row.op, "", {{{2, 3, 4}, row.domain}}, {}, row.bound, row.dtypes, {{0, 4}}});
    cases.push_back({row.op, "rank 0", {{{}, row.domain}}, {}, row.bound, row.dtypes});
  }
}

void add_binary(std::vector<OpCase>& cases) {
  struct Row {
    const char* op;
    Domain a;
    Domain b;
    Bound bound;
    std::vector<DType> dtypes;
  };
  const Row rows[] = {
      {"add", kAnywhere, kAnywhere, exact(), kAll},
      {"sub", kAnywhere, kAnywhere, exact(), kNumbers},
      {"mul", kAnywhere, kAnywhere, exact(), kAll},
      {"div", kAnywhere, kOffZero, exact(), kAll},
      {"pow", kPositive, kAnywhere, ulps(16, 16), kNumbers},
      {"maximum", kAnywhere, kAnywhere, exact(), kAll},
      {"minimum", kAnywhere, kAnywhere, exact(), kAll},
      {"bitwise_and", kAnywhere, kAnywhere, exact(), kBits},
      {"bitwise_or", kAnywhere, kAnywhere, exact(), kBits},
      {"bitwise_xor", kAnywhere, kAnywhere, exact(), kBits},
      {"eq", kZeroAndOne, kMinusZeroAndOne, exact(), kAll},
      {"ne", kZeroAndOne, kMinusZeroAndOne, exact(), kAll},
      {"lt", kZeroAndOne, kMinusZeroAndOne, exact(), kAll},
      {"le", kZeroAndOne, kMinusZeroAndOne, exact(), kAll},
      {"gt", kZeroAndOne, kMinusZeroAndOne, exact(), kAll},
      {"ge", kZeroAndOne, kMinusZeroAndOne, exact(), kAll},
      {"isclose", kSpecial, kNearSpecial, exact(), kAll},
  };
  for (const Row& row : rows) {
    cases.push_back(
        {row.op, "", {{{2, 3, 4}, row.a}, {{2, 3, 4}, row.b}}, {}, row.bound, row.dtypes, {{0, 4}, {0, 4}}});
    cases.push_back({row.op,
                     "broadcast",
                     {{{2, 1, 4}, row.a}, {{3, 1}, row.b}},
                     {},
                     row.bound,
                     row.dtypes,
                     {{3, 0}, {1}}});
    cases.push_back({row.op, "rank 0", {{{}, row.a}, {{5}, row.b}}, {}, row.bound, row.dtypes});
  }
}

void add_comparisons(std::vector<OpCase>& cases) {
  cases.push_back(
      {"allclose", "near", {{{2, 3}}, {{4, 1, 3}}}, {{"atol", "4.5"}}, exact(), kAll, {{0}, {0}}});
  cases.push_back(
      {"allclose", "far", {{{2, 3}, kPositive}, {{3}, {.low = 5, .high = 9}}}, {}, exact(), kNumbers});
}

void add_ternary(std::vector<OpCase>& cases) {
  const Operand condition{{2, 3, 4}, {}, Kind::condition};
  const Operand row_condition{{3, 1}, {}, Kind::condition};
  // a + b c is rounded once or twice.
  const Bound fused =
      gamma(terms(2), [](const Tensors& x, const Tensor&) { return abs(x[0]) + abs(x[1] * x[2]); });
  const Domain low{.low = -1.5, .high = -0.5};
  const Domain high{.low = 0.5, .high = 1.5};
  const Shape full_shape{2, 3, 4};
  const std::vector<Shape> nothing = {{0, 4}, {0, 4}, {0, 4}};
  cases.push_back({"where", "", {condition, {full_shape}, {full_shape}}, {}, exact(), kAll, nothing});
  cases.push_back({"where", "broadcast", {row_condition, {{4}}, {{2, 1, 1}}}, {}, exact(), kAll});
  cases.push_back(
      {"clamp", "", {{full_shape}, {full_shape, low}, {full_shape, high}}, {}, exact(), kAll, nothing});
  cases.push_back({"clamp", "broadcast", {{{2, 3, 4}}, {{}, low}, {{4}, high}}, {}, exact(), kAll});
  cases.push_back(
      {"multiply_add", "", {{full_shape}, {full_shape}, {full_shape}}, {}, fused, kNumbers, nothing});
  cases.push_back({"multiply_add", "broadcast", {{{4}}, {{3, 1}}, {{2, 1, 1}}}, {}, fused, kNumbers});
}

void add_reductions(std::vector<OpCase>& cases) {
  struct Part {
    const char* variant;
    const char* axis;
    const char* keepdim;
    Axes axes;
    double n;
    std::vector<Shape> empty_shapes;
  };
  const Part parts[] = {{"all", "", "false", {}, 24, {}},
                        {"axis", "-1", "true", {-1}, 4, {{0, 3, 4}}},
                        {"axes", "0,2", "false", {0, 2}, 8, {{2, 0, 4}}}};
  for (const Part& part : parts) {
    const std::map<std::string, std::string> arguments = {{"axis", part.axis}, {"keepdim", part.keepdim}};
    const bool keepdim = std::string_view(part.keepdim) == "true";
    const auto add = [&](const char* op, const Bound& bound, const Domain& domain = {}) {
      cases.push_back({op, part.variant, {{{2, 3, 4}, domain}}, arguments, bound, kAll, part.empty_shapes});
    };
    add("sum", sum_bound(part.n, sum, part.axes, keepdim));
    add("mean", sum_bound(part.n, mean, part.axes, keepdim));
    add("prod", gamma(terms(part.n), of_reference), kOffZero);
    for (const char* op : {"max", "min", "any", "all", "argmax", "argmin"}) add(op, exact());
    const double n = part.n;
    add("logsumexp", gamma(terms(n + 12), [=](const Tensors& x, const Tensor& y) {
          return 1 + abs(y) + max(abs(x[0]) + distance_to_max(x[0], part.axes), part.axes, keepdim);
        }));
  }
  cases.push_back({"prod",
                   "of zeros",
                   {{{2, 3}, {.pinned = {0, 1, 2, 0, 0}}}},
                   {{"axis", "1"}},
                   gamma(terms(3), of_reference),
                   kReal});
  cases.push_back({"sum", "rank 0", {{{}}}, {}, exact(), kAll});
  cases.push_back({"argmax", "ties", {{{6}, {.pinned = {1, 2, 2, -3, 2, 0}}}}, {}, exact(), kReal});
  for (const double correction : {1.0, 0.0}) {
    const std::map<std::string, std::string> arguments = {{"axis", "1"},
                                                          {"correction", correction == 1 ? "1" : "0"}};
    const auto magnitude = [=](const Tensors& x, const Tensor&) {
      return variance_magnitude(x, {1}, correction);
    };
    const std::string variant = correction == 1 ? "unbiased" : "biased";
    cases.push_back(
        {"var", variant, {{{2, 5, 2}}}, arguments, gamma(terms(21), magnitude), kAll, {{2, 5, 0}}});
    // d sqrt(v) = dv / (2 sqrt(v)).
    cases.push_back({"std",
                     variant,
                     {{{2, 5, 2}}},
                     arguments,
                     gamma(terms(21), [=](const Tensors& x, const Tensor& y) { return magnitude(x, y) / y; }),
                     kReal,
                     {{2, 5, 0}}});
  }
  for (const char* axis : {"-1", "0"}) {
    const Axes axes{std::string_view(axis) == "0" ? 0 : -1};
    const double n = std::string_view(axis) == "0" ? 2 : 4;
    // (|x_i - max| + 8 + n) u: relative for softmax, and so absolute for its logarithm.
    cases.push_back(
        {"softmax",
         axis,
         {{{2, 3, 4}}},
         {{"axis", axis}},
         gamma(terms(1), [=](const Tensors& x,
                             const Tensor& y) { return y * (distance_to_max(x[0], axes) + (8 + n)); }),
         kAll,
         {{0, 3, 4}}});
    cases.push_back({"log_softmax",
                     axis,
                     {{{2, 3, 4}}},
                     {{"axis", axis}},
                     gamma(terms(1), [=](const Tensors& x,
                                         const Tensor&) { return distance_to_max(x[0], axes) + (8 + n); }),
                     kAll,
                     {{0, 3, 4}}});
  }
}

void add_products(std::vector<OpCase>& cases) {
  struct Row {
    const char* variant;
    Shape a;
    Shape b;
    std::vector<Shape> empty_shapes;
  };
  const Row rows[] = {{"", {3, 5}, {5, 4}, {{3, 0}, {0, 4}}},
                      {"vectors", {5}, {5}, {{0}, {0}}},
                      {"vector matrix", {5}, {5, 3}, {{0}, {0, 3}}},
                      {"matrix vector", {3, 5}, {5}, {{3, 0}, {0}}},
                      {"batch", {2, 3, 5}, {2, 5, 2}, {{2, 3, 0}, {2, 0, 2}}},
                      {"broadcast batch", {2, 1, 3, 5}, {3, 5, 2}, {{0, 1, 3, 5}, {3, 5, 2}}},
                      {"batch by matrix", {2, 3, 5}, {5, 2}, {{2, 0, 5}, {5, 2}}},
                      {"batch by vector", {2, 3, 5}, {5}, {{2, 3, 0}, {0}}}};
  for (const Row& row : rows) {
    cases.push_back(
        {"matmul", row.variant, {{row.a}, {row.b}}, {}, matmul_bound(5), kNumbers, row.empty_shapes});
  }
  const Bound linear_bound = gamma(terms(7), [](const Tensors& x, const Tensor&) {
    return matmul(abs(x[0]), transpose(abs(x[1]))) + abs(x[2]);
  });
  cases.push_back(
      {"linear", "", {{{3, 5}}, {{4, 5}}, {{4}}}, {}, linear_bound, kNumbers, {{0, 5}, {4, 5}, {4}}});
  cases.push_back({"linear",
                   "batch",
                   {{{2, 2, 5}}, {{3, 5}}, {{3}}},
                   {},
                   linear_bound,
                   kNumbers,
                   {{2, 2, 0}, {3, 0}, {3}}});
  cases.push_back(
      {"linear", "vector", {{{5}}, {{3, 5}}, {{3}}}, {}, linear_bound, kNumbers, {{0}, {3, 0}, {3}}});
  const Bound product_bound = gamma(
      terms(6), [](const Tensors& x, const Tensor&) { return matmul(abs(x[0]), transpose(abs(x[1]))); });
  cases.push_back({"linear", "no bias", {{{3, 5}}, {{4, 5}}}, {}, product_bound, kNumbers, {{0, 5}, {4, 5}}});
  cases.push_back({"outer", "", {{{3}}, {{4}}}, {}, exact(), kAll, {{0}, {4}}});
}

void add_einsum(std::vector<OpCase>& cases) {
  struct Row {
    const char* variant;
    const char* equation;
    std::vector<Operand> operands;
    double terms;
    std::vector<Shape> empty_shapes;
    bool one_call = true;  // what takes more stores intermediate results, in bfloat16 rounded ones
  };
  const Row rows[] = {
      {"", "ik,kj->ij", {{{3, 5}}, {{5, 4}}}, 5, {{3, 0}, {0, 4}}},
      {"batch", "bik,bjk->jbi", {{{2, 3, 5}}, {{2, 4, 5}}}, 5, {{2, 0, 5}, {2, 4, 5}}},
      {"dot", "ij,ij", {{{3, 4}}, {{3, 4}}}, 12, {{0, 4}, {0, 4}}},
      {"outer", "i,j->ji", {{{3}}, {{4}}}, 1, {{0}, {4}}},
      {"elements", "ij,j->ji", {{{3, 4}}, {{4}}}, 1, {{3, 0}, {0}}},
      {"view", "ijk->kij", {{{2, 3, 4}}}, 1, {{2, 0, 4}}},
      {"diagonal", "iji->ji", {{{3, 2, 3}}}, 1, {{3, 0, 3}}},
      {"trace", "ii", {{{4, 4}}}, 4, {{0, 0}}},
      {"sum", "ijk->j", {{{2, 3, 4}}}, 8, {{2, 3, 0}}},
      {"dots", "...ik,kj->...ij", {{{2, 3, 5}}, {{5, 2}}}, 5, {{0, 3, 5}, {5, 2}}},
      {"broadcast", "...i,...i->...", {{{2, 1, 4}}, {{3, 4}}}, 4, {{2, 1, 0}, {3, 0}}},
      {"stretched", "ij,ij->j", {{{3, 4}}, {{1, 4}}}, 3, {{3, 0}, {1, 0}}, false},
      {"chain", "ij,jk,kl->il", {{{2, 3}}, {{3, 4}}, {{4, 2}}}, 12, {{2, 3}, {3, 0}, {0, 2}}, false},
      {"bilinear", "bn,anm,bm->ba", {{{2, 3}}, {{3, 3, 2}}, {{2, 2}}}, 6, {{0, 3}, {3, 3, 2}, {0, 2}}, false},
  };
  const std::vector<DType> with_bfloat16 = {DType::float32, DType::float64, DType::bfloat16,
                                            DType::int32,   DType::int64,   DType::uint8};
  for (const Row& row : rows) {
    const std::string equation = row.equation;
    const auto magnitude = [equation](const Tensors& x, const Tensor&) {
      Tensors sizes;
      for (const Tensor& each : x) sizes.push_back(abs(each));
      return einsum(equation, sizes);
    };
    cases.push_back({"einsum",
                     row.variant,
                     row.operands,
                     {{"equation", equation}},
                     gamma(terms(static_cast<double>(row.operands.size()) + row.terms), magnitude),
                     row.one_call ? with_bfloat16 : kNumbers,
                     row.empty_shapes});
  }
}

void add_views(std::vector<OpCase>& cases) {
  struct Row {
    const char* op;
    const char* variant;
    std::map<std::string, std::string> arguments;
    std::vector<Shape> empty_shapes;
  };
  const Row rows[] = {
      {"copy", "", {}, {{0, 3, 1}}},
      {"copy", "cast", {{"dtype", "float64"}}, {{0, 3, 1}}},
      {"copy", "to int32", {{"dtype", "int32"}}, {{0, 3, 1}}},
      {"astype", "", {{"dtype", "float64"}}, {{0, 3, 1}}},
      {"astype", "to bool", {{"dtype", "bool"}}, {{0, 3, 1}}},
      {"reshape", "", {{"shape", "3,-1"}}, {{3, 0}}},
      {"flatten", "", {{"first", "1"}}, {{4, 0, 1}}},
      {"expand", "", {{"shape", "2,4,3,5"}}, {{4, 3, 1}}},
      {"permute", "", {{"axes", "2,0,1"}}, {{0, 3, 1}}},
      {"transpose", "", {{"axis_a", "0"}, {"axis_b", "1"}}, {{0, 3}}},
      {"squeeze", "", {{"axis", "2"}}, {{0, 3, 1}}},
      {"squeeze", "all", {}, {{0, 1}}},
      {"unsqueeze", "", {{"axis", "-2"}}, {{0, 3}}},
      {"diagonal", "", {{"axis_a", "0"}, {"axis_b", "1"}}, {{0, 3}}},
      {"diagonal", "above", {{"offset", "1"}, {"axis_a", "0"}, {"axis_b", "1"}}, {{0, 3}}},
      {"diagonal", "below", {{"offset", "-2"}, {"axis_a", "1"}, {"axis_b", "0"}}, {{0, 3}}},
      {"slice", "", {{"axis", "0"}, {"start", "1"}, {"step", "2"}}, {{0, 3}}},
      {"slice", "negative", {{"axis", "1"}, {"start", "-2"}}, {{0, 3}}},
  };
  for (const Row& row : rows) {
    cases.push_back({row.op, row.variant, {{{4, 3, 1}}}, row.arguments, exact(), kAll, row.empty_shapes});
  }
  cases.push_back({"concat",
                   "",
                   {{{2, 3}}, {{2, 1}}, {{2, 2}}},
                   {{"axis", "1"}},
                   exact(),
                   kAll,
                   {{2, 0}, {2, 3}, {2, 0}}});
  cases.push_back({"stack", "", {{{2, 3}}, {{2, 3}}}, {{"axis", "-1"}}, exact(), kAll, {{2, 0}, {2, 0}}});
}

void add_indexing(std::vector<OpCase>& cases) {
  const auto at = [](Shape shape, std::int64_t extent) { return Operand{shape, {}, Kind::index, extent}; };
  // n additions at most land on one element.
  const Bound added = gamma(terms(8), [](const Tensors& x, const Tensor& y) {
    return abs(y) + full_like(y, (sum(abs(x[0])) + sum(abs(x[2]))).item<double>());
  });
  cases.push_back(
      {"gather", "", {{{3, 4}}, at({3, 6}, 4)}, {{"axis", "1"}}, exact(), kAll, {{3, 4}, {3, 0}}});
  cases.push_back({"gather", "corner", {{{3, 4}}, at({5, 2}, 3)}, {{"axis", "0"}}, exact(), kAll});
  cases.push_back({"select", "", {{{3, 4}}}, {{"axis", "1"}, {"index", "-2"}}, exact(), kAll, {{0, 4}}});
  cases.push_back(
      {"index_select", "", {{{3, 4}}, at({5}, 3)}, {{"axis", "0"}}, exact(), kAll, {{3, 4}, {0}}});
  cases.push_back({"scatter_add",
                   "",
                   {{{3, 4}}, at({3, 6}, 4), {{3, 6}}},
                   {{"axis", "1"}},
                   added,
                   kNumbers,
                   {{3, 4}, {3, 0}, {3, 0}}});
  cases.push_back(
      {"scatter_add", "corner", {{{3, 4}}, at({5, 2}, 3), {{5, 2}}}, {{"axis", "0"}}, added, kNumbers});
  cases.push_back({"one_hot", "", {at({2, 3}, 5)}, {{"classes", "5"}}, exact(), {DType::int64}, {{0, 3}}});
  cases.push_back({"one_hot",
                   "floating",
                   {at({4}, 3)},
                   {{"classes", "3"}, {"dtype", "float64"}},
                   exact(),
                   {DType::int64}});
}

void add_creation(std::vector<OpCase>& cases) {
  cases.push_back({"fill", "", {}, {{"shape", "3x5"}, {"value", "2.75"}}, exact(), kAll});
  cases.push_back({"fill", "integer", {}, {{"shape", "17"}, {"value", "3"}}, exact(), kAll});
  cases.push_back({"fill", "no elements", {}, {{"shape", "3x0"}, {"value", "1"}}, exact(), kAll});
  cases.push_back({"arange", "", {}, {{"start", "3"}, {"stop", "70"}, {"step", "4"}}, exact(), kNumbers});
  cases.push_back(
      {"arange", "falling", {}, {{"start", "9"}, {"stop", "-9"}, {"step", "-5"}}, exact(), kNumbers});
  cases.push_back(
      {"arange", "thirds", {}, {{"start", "0.1"}, {"stop", "7.9"}, {"step", "0.3"}}, exact(), kReal});
  cases.push_back({"eye", "", {}, {{"rows", "5"}, {"columns", "7"}}, exact(), kAll});
  cases.push_back({"eye", "offset", {}, {{"rows", "5"}, {"offset", "-2"}}, exact(), kAll});
  const std::map<std::string, std::string> draw = {
      {"shape", "7x19"}, {"seed", "-3"}, {"offset", "4294967295"}};
  const auto with = [&](std::map<std::string, std::string> more) {
    more.insert(draw.begin(), draw.end());
    return more;
  };
  cases.push_back({"random_bits", "", {}, draw, exact(), {DType::int64}});
  cases.push_back({"uniform", "", {}, with({{"low", "-3"}, {"high", "5"}}), exact(), kReal});
  cases.push_back({"bernoulli", "", {}, with({{"p", "0.3"}}), exact(), {DType::boolean}});
  cases.push_back({"normal", "", {}, with({{"deviation", "2"}}), ulps(4, 3), kReal});
}

}  // namespace

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> cases = [] {
    std::vector<OpCase> all;
    add_creation(all);
    add_unary(all);
    add_binary(all);
    add_comparisons(all);
    add_ternary(all);
    add_reductions(all);
    add_products(all);
    add_einsum(all);
    add_views(all);
    add_indexing(all);
    return all;
  }();
  return cases;
}

}  // namespace tenon::test
