// The rows of the op table.
#include <tenon/creation.h>
#include <tenon/einsum.h>
#include <tenon/op_table.h>
#include <tenon/ops.h>
#include <tenon/plugin/abi.h>
#include <tenon/random.h>
#include <tenon/views.h>

#include <array>

namespace tenon::ops {
namespace {

using In = std::span<const Tensor>;
using Args = Arguments;
using Kind = ArgumentKind;
using Rule = DTypeRule;

constexpr ArgumentInfo kShape{"shape", Kind::dims, "required", "extents: 3x4"};
constexpr ArgumentInfo kFloat{"dtype", Kind::dtype, "float32", "of the result"};
constexpr ArgumentInfo kSeed{"seed", Kind::integer, "0", "of the generator"};
constexpr ArgumentInfo kOffset{"offset", Kind::integer, "0",
                               "blocks of four words to skip in the random stream"};
constexpr ArgumentInfo kAxes{"axis", Kind::dims, "", "axes to reduce: 0,1; none means all"};
constexpr ArgumentInfo kKeepdim{"keepdim", Kind::flag, "false", "keep the reduced axes with extent 1"};
constexpr ArgumentInfo kAxis{"axis", Kind::integer, "-1", "the axis to go along"};
constexpr ArgumentInfo kFirstAxis{"axis", Kind::integer, "0", "the axis to go along"};

constexpr std::array kFill = {kShape, ArgumentInfo{"value", Kind::real, "required", "every element"}, kFloat};
constexpr std::array kArange = {
    ArgumentInfo{"start", Kind::real, "0", "the first value"},
    ArgumentInfo{"stop", Kind::real, "required", "the end, excluded"},
    ArgumentInfo{"step", Kind::real, "1", "between neighbours"},
    ArgumentInfo{"dtype", Kind::text, "", "of the result; int64 or float32 after the numbers if not given"}};
constexpr std::array kEye = {ArgumentInfo{"rows", Kind::integer, "required", ""},
                             ArgumentInfo{"columns", Kind::integer, "-1", "-1: as many as rows"},
                             ArgumentInfo{"offset", Kind::integer, "0", "the diagonal: column - row"},
                             kFloat};
constexpr std::array kBits = {kShape, kSeed, kOffset};
constexpr std::array kUniform = {kShape,
                                 ArgumentInfo{"low", Kind::real, "0", "included"},
                                 ArgumentInfo{"high", Kind::real, "1", "excluded"},
                                 kFloat,
                                 kSeed,
                                 kOffset};
constexpr std::array kNormal = {kShape,
                                ArgumentInfo{"mean", Kind::real, "0", ""},
                                ArgumentInfo{"deviation", Kind::real, "1", "standard deviation"},
                                kFloat,
                                kSeed,
                                kOffset};
constexpr std::array kBernoulli = {kShape, ArgumentInfo{"p", Kind::real, "required", "probability of true"},
                                   kSeed, kOffset};
constexpr std::array kCopy = {
    ArgumentInfo{"dtype", Kind::text, "", "of the result; the input's if not given"}};
constexpr std::array kCast = {ArgumentInfo{"dtype", Kind::dtype, "required", "of the result"}};
constexpr std::array kReduce = {kAxes, kKeepdim};
constexpr std::array kVariance = {
    kAxes, ArgumentInfo{"correction", Kind::real, "1", "subtracted from the count"}, kKeepdim};
constexpr std::array kAlong = {kAxis};
constexpr std::array kAlongFirst = {kFirstAxis};
constexpr std::array kOneHot = {ArgumentInfo{"classes", Kind::integer, "required", "extent of the new axis"},
                                ArgumentInfo{"dtype", Kind::dtype, "int64", "of the result"}};
constexpr std::array kEinsum = {ArgumentInfo{"equation", Kind::text, "required", "such as ij,jk->ik"}};
constexpr std::array kReshape = {ArgumentInfo{"shape", Kind::dims, "required", "extents; one may be -1"}};
constexpr std::array kFlatten = {ArgumentInfo{"first", Kind::integer, "0", "axis"},
                                 ArgumentInfo{"last", Kind::integer, "-1", "axis"}};
constexpr std::array kPermute = {ArgumentInfo{"axes", Kind::dims, "required", "a permutation"}};
constexpr std::array kTwoAxes = {ArgumentInfo{"axis_a", Kind::integer, "-2", ""},
                                 ArgumentInfo{"axis_b", Kind::integer, "-1", ""}};
constexpr std::array kSqueeze = {
    ArgumentInfo{"axis", Kind::dims, "", "axes of extent 1; none means all such"}};
constexpr std::array kDiagonal = {
    ArgumentInfo{"offset", Kind::integer, "0", "above (> 0) or below the diagonal"},
    ArgumentInfo{"axis_a", Kind::integer, "-2", ""}, ArgumentInfo{"axis_b", Kind::integer, "-1", ""}};
constexpr std::array kSlice = {kFirstAxis, ArgumentInfo{"start", Kind::integer, "0", ""},
                               ArgumentInfo{"stop", Kind::integer, "9223372036854775807", "excluded"},
                               ArgumentInfo{"step", Kind::integer, "1", "positive"}};
constexpr std::array kSelect = {kFirstAxis, ArgumentInfo{"index", Kind::integer, "required", ""}};
constexpr std::array kClose = {ArgumentInfo{"rtol", Kind::real, "1e-5", "relative to |b|"},
                               ArgumentInfo{"atol", Kind::real, "1e-8", "absolute"},
                               ArgumentInfo{"equal_nan", Kind::flag, "false", "NaN equals NaN"}};

// A generator at the place that the arguments name.
class Draw {
 public:
  explicit Draw(const Args& a) : generator_(static_cast<std::uint64_t>(a.integer("seed"))) {
    generator_.set_offset(static_cast<std::uint64_t>(a.integer("offset")));
  }
  Generator& get() { return generator_; }

 private:
  Generator generator_;
};

template <Tensor (*F)(const Tensor&)>
Tensor call(In in, const Args&) {
  return F(in[0]);
}
template <Tensor (*F)(const Tensor&, const Tensor&)>
Tensor call(In in, const Args&) {
  return F(in[0], in[1]);
}
template <Tensor (*F)(const Tensor&, const Tensor&, const Tensor&)>
Tensor call(In in, const Args&) {
  return F(in[0], in[1], in[2]);
}
template <Tensor (*F)(const Tensor&, const Axes&, bool)>
Tensor call(In in, const Args& a) {
  return F(in[0], a.dims("axis"), a.flag("keepdim"));
}
template <Tensor (*F)(const Tensor&, std::int64_t)>
Tensor call(In in, const Args& a) {
  return F(in[0], a.integer("axis"));
}

template <Tensor (*F)(const Tensor&)>
constexpr OpInfo unary(std::string_view name, std::uint32_t member, Rule rule, std::string_view formula,
                       Accepts accepts = Accepts::any) {
  return {name, TENON_OP_UNARY, member, "x", {}, rule, rule != Rule::boolean, formula, call<F>, accepts};
}
template <Tensor (*F)(const Tensor&, const Tensor&)>
constexpr OpInfo binary(std::string_view name, std::uint32_t member, Rule rule, bool differentiable,
                        std::string_view formula, Accepts accepts = Accepts::any) {
  return {name, TENON_OP_BINARY, member, "a b", {}, rule, differentiable, formula, call<F>, accepts};
}
template <Tensor (*F)(const Tensor&, const Axes&, bool)>
constexpr OpInfo reduce(std::string_view name, std::uint32_t member, Rule rule, bool differentiable,
                        std::string_view formula) {
  return {name, TENON_OP_REDUCE, member, "x", kReduce, rule, differentiable, formula, call<F>};
}

// The order is that of enum Op; static_asserts below hold places, a test the names.
constexpr std::array kRows = {
    OpInfo{"fill", TENON_OP_INIT, TENON_INIT_FILL, "", kFill, Rule::given, false, "value everywhere",
           [](In, const Args& a) { return full(a.dims("shape"), a.number("value"), a.dtype("dtype")); }},
    OpInfo{"arange", TENON_OP_INIT, TENON_INIT_ARANGE, "", kArange, Rule::given, false,
           "start + i step, below stop",
           [](In, const Args& a) {
             const Scalar start = a.number("start"), stop = a.number("stop"), step = a.number("step");
             return a.empty("dtype") ? arange(start, stop, step)
                                     : arange(start, stop, step, a.dtype("dtype"));
           },
           Accepts::no_bool},
    OpInfo{"eye", TENON_OP_INIT, TENON_INIT_EYE, "", kEye, Rule::given, false,
           "1 where column - row = offset, else 0",
           [](In, const Args& a) {
             const std::int64_t columns = a.integer("columns");
             return eye(a.integer("rows"), columns < 0 ? a.integer("rows") : columns, a.integer("offset"),
                        a.dtype("dtype"));
           }},
    OpInfo{"random_bits", TENON_OP_INIT, TENON_INIT_RANDOM_BITS, "", kBits, Rule::index, false,
           "Philox4x32-10 words in [0, 2^32)",
           [](In, const Args& a) { return random_bits(a.dims("shape"), Draw(a).get()); }},
    OpInfo{"uniform", TENON_OP_INIT, TENON_INIT_UNIFORM, "", kUniform, Rule::given, false,
           "uniform on [low, high)",
           [](In, const Args& a) {
             return uniform(a.dims("shape"), a.real("low"), a.real("high"), a.dtype("dtype"), Draw(a).get());
           },
           Accepts::floating},
    OpInfo{"normal", TENON_OP_INIT, TENON_INIT_NORMAL, "", kNormal, Rule::given, false,
           "normal with mean and deviation",
           [](In, const Args& a) {
             return normal(a.dims("shape"), a.real("mean"), a.real("deviation"), a.dtype("dtype"),
                           Draw(a).get());
           },
           Accepts::floating},

    OpInfo{"copy", TENON_OP_COPY, 0, "x", kCopy, Rule::given, true,
           "x, contiguous, in another dtype if one is given",
           [](In in, const Args& a) {
             const DType dtype = a.empty("dtype") ? in[0].dtype() : a.dtype("dtype");
             return dtype == in[0].dtype() ? clone(in[0]) : astype(in[0], dtype);
           }},

    unary<neg>("neg", TENON_UNARY_NEG, Rule::same, "-x", Accepts::no_bool),
    unary<abs>("abs", TENON_UNARY_ABS, Rule::same, "|x|"),
    unary<sign>("sign", TENON_UNARY_SIGN, Rule::same, "-1, 0 or 1"),
    unary<exp>("exp", TENON_UNARY_EXP, Rule::floating, "e^x"),
    unary<expm1>("expm1", TENON_UNARY_EXPM1, Rule::floating, "e^x - 1"),
    unary<log>("log", TENON_UNARY_LOG, Rule::floating, "ln x"),
    unary<log1p>("log1p", TENON_UNARY_LOG1P, Rule::floating, "ln(1 + x)"),
    unary<sqrt>("sqrt", TENON_UNARY_SQRT, Rule::floating, "x^(1/2)"),
    unary<rsqrt>("rsqrt", TENON_UNARY_RSQRT, Rule::floating, "x^(-1/2)"),
    unary<square>("square", TENON_UNARY_SQUARE, Rule::same, "x^2"),
    unary<reciprocal>("reciprocal", TENON_UNARY_RECIPROCAL, Rule::floating, "1 / x"),
    unary<sin>("sin", TENON_UNARY_SIN, Rule::floating, "sin x"),
    unary<cos>("cos", TENON_UNARY_COS, Rule::floating, "cos x"),
    unary<tanh>("tanh", TENON_UNARY_TANH, Rule::floating, "tanh x"),
    unary<sigmoid>("sigmoid", TENON_UNARY_SIGMOID, Rule::floating, "1 / (1 + e^-x)"),
    unary<relu>("relu", TENON_UNARY_RELU, Rule::same, "max(x, 0)"),
    unary<erf>("erf", TENON_UNARY_ERF, Rule::floating, "2/sqrt(pi) int_0^x e^(-t^2) dt"),
    unary<gelu>("gelu", TENON_UNARY_GELU, Rule::floating, "x/2 (1 + erf(x / sqrt 2))"),
    unary<floor>("floor", TENON_UNARY_FLOOR, Rule::same, "the largest integer <= x"),
    unary<ceil>("ceil", TENON_UNARY_CEIL, Rule::same, "the smallest integer >= x"),
    unary<round>("round", TENON_UNARY_ROUND, Rule::same, "the nearest integer, half to even"),
    unary<logical_not>("logical_not", TENON_UNARY_LOGICAL_NOT, Rule::boolean, "x = 0"),
    unary<isnan>("isnan", TENON_UNARY_ISNAN, Rule::boolean, "x is NaN"),

    binary<add>("add", TENON_BINARY_ADD, Rule::same, true, "a + b"),
    binary<sub>("sub", TENON_BINARY_SUB, Rule::same, true, "a - b", Accepts::no_bool),
    binary<mul>("mul", TENON_BINARY_MUL, Rule::same, true, "a b"),
    binary<div>("div", TENON_BINARY_DIV, Rule::floating, true, "a / b"),
    binary<pow>("pow", TENON_BINARY_POW, Rule::same, true, "a^b", Accepts::no_bool),
    binary<maximum>("maximum", TENON_BINARY_MAXIMUM, Rule::same, true, "the larger; NaN wins"),
    binary<minimum>("minimum", TENON_BINARY_MINIMUM, Rule::same, true, "the smaller; NaN wins"),
    binary<bitwise_and>("bitwise_and", TENON_BINARY_AND, Rule::same, false, "a & b", Accepts::no_floating),
    binary<bitwise_or>("bitwise_or", TENON_BINARY_OR, Rule::same, false, "a | b", Accepts::no_floating),
    binary<bitwise_xor>("bitwise_xor", TENON_BINARY_XOR, Rule::same, false, "a ^ b", Accepts::no_floating),
    binary<eq>("eq", TENON_BINARY_EQ, Rule::boolean, false, "a = b"),
    binary<ne>("ne", TENON_BINARY_NE, Rule::boolean, false, "a != b"),
    binary<lt>("lt", TENON_BINARY_LT, Rule::boolean, false, "a < b"),
    binary<le>("le", TENON_BINARY_LE, Rule::boolean, false, "a <= b"),
    binary<gt>("gt", TENON_BINARY_GT, Rule::boolean, false, "a > b"),
    binary<ge>("ge", TENON_BINARY_GE, Rule::boolean, false, "a >= b"),

    OpInfo{"where",
           TENON_OP_TERNARY,
           TENON_TERNARY_WHERE,
           "condition a b",
           {},
           Rule::same,
           true,
           "condition ? a : b",
           call<where>},
    OpInfo{"clamp",
           TENON_OP_TERNARY,
           TENON_TERNARY_CLAMP,
           "x low high",
           {},
           Rule::same,
           true,
           "min(max(x, low), high)",
           call<clamp>},
    OpInfo{"multiply_add",
           TENON_OP_TERNARY,
           TENON_TERNARY_MULTIPLY_ADD,
           "a b c",
           {},
           Rule::same,
           true,
           "a + b c",
           call<multiply_add>,
           Accepts::no_bool},

    reduce<sum>("sum", TENON_REDUCE_SUM, Rule::accumulating, true, "sum of x"),
    reduce<mean>("mean", TENON_REDUCE_MEAN, Rule::floating, true, "sum of x / count"),
    reduce<prod>("prod", TENON_REDUCE_PROD, Rule::accumulating, true, "product of x"),
    reduce<max>("max", TENON_REDUCE_MAX, Rule::same, true, "the largest; NaN wins"),
    reduce<min>("min", TENON_REDUCE_MIN, Rule::same, true, "the smallest; NaN wins"),
    reduce<any>("any", TENON_REDUCE_ANY, Rule::boolean, false, "whether some element is not 0"),
    reduce<all>("all", TENON_REDUCE_ALL, Rule::boolean, false, "whether no element is 0"),
    reduce<argmax>("argmax", TENON_REDUCE_ARGMAX, Rule::index, false, "index of the first largest"),
    reduce<argmin>("argmin", TENON_REDUCE_ARGMIN, Rule::index, false, "index of the first smallest"),

    OpInfo{"matmul",
           TENON_OP_MATMUL,
           0,
           "a b",
           {},
           Rule::same,
           true,
           "out[.., i, j] = sum_k a[.., i, k] b[.., k, j]",
           call<matmul>,
           Accepts::no_bool},
    OpInfo{"einsum", TENON_OP_EINSUM, 0, "tensors...", kEinsum, Rule::same, true,
           "sum of products, by an equation such as ij,jk->ik",
           [](In in, const Args& a) { return einsum(a.text("equation"), in); }, Accepts::no_bool},

    OpInfo{"gather", TENON_OP_INDEX, TENON_INDEX_GATHER, "x index", kAlong, Rule::same, true,
           "x[.., index[..], ..] along axis",
           [](In in, const Args& a) { return gather(in[0], a.integer("axis"), in[1]); }},
    OpInfo{"scatter_add", TENON_OP_INDEX, TENON_INDEX_SCATTER_ADD, "x index source", kAlong, Rule::same, true,
           "x with x[.., index[..], ..] += source[..] along axis",
           [](In in, const Args& a) { return scatter_add(in[0], a.integer("axis"), in[1], in[2]); },
           Accepts::no_bool},
    OpInfo{"one_hot", TENON_OP_INDEX, TENON_INDEX_ONE_HOT, "index", kOneHot, Rule::given, false,
           "out[.., c] = (index[..] = c)",
           [](In in, const Args& a) { return one_hot(in[0], a.integer("classes"), a.dtype("dtype")); }},

    OpInfo{"softmax", TENON_OP_SOFTMAX, TENON_SOFTMAX_SOFTMAX, "x", kAlong, Rule::floating, true,
           "e^x / sum of e^x along axis", call<softmax>, Accepts::any, true},
    OpInfo{"log_softmax", TENON_OP_SOFTMAX, TENON_SOFTMAX_LOG_SOFTMAX, "x", kAlong, Rule::floating, true,
           "x - logsumexp(x) along axis", call<log_softmax>, Accepts::any, true},

    // Composites.
    OpInfo{"softplus", 0, 0, "x", {}, Rule::floating, true, "ln(1 + e^x)", call<softplus>},
    OpInfo{"var", 0, 0, "x", kVariance, Rule::floating, true, "sum of (x - mean)^2 / (count - correction)",
           [](In in, const Args& a) {
             return var(in[0], a.dims("axis"), a.real("correction"), a.flag("keepdim"));
           }},
    OpInfo{
        "std", 0, 0, "x", kVariance, Rule::floating, true, "var(x)^(1/2)",
        [](In in,
           const Args& a) { return stddev(in[0], a.dims("axis"), a.real("correction"), a.flag("keepdim")); }},
    OpInfo{"logsumexp", 0, 0, "x", kReduce, Rule::floating, true, "ln of the sum of e^x", call<logsumexp>},
    OpInfo{"linear",
           0,
           0,
           "x weight [bias]",
           {},
           Rule::same,
           true,
           "x weight^T + bias",
           call<linear>,
           Accepts::no_bool},
    OpInfo{"outer", 0, 0, "a b", {}, Rule::same, true, "out[i, j] = a[i] b[j]", call<outer>},
    OpInfo{"astype", 0, 0, "x", kCast, Rule::given, true, "x in another dtype",
           [](In in, const Args& a) { return astype(in[0], a.dtype("dtype")); }},
    OpInfo{"reshape", 0, 0, "x", kReshape, Rule::same, true, "x under another shape",
           [](In in, const Args& a) { return reshape(in[0], a.dims("shape")); }},
    OpInfo{"flatten", 0, 0, "x", kFlatten, Rule::same, true, "axes first..last become one",
           [](In in, const Args& a) { return flatten(in[0], a.integer("first"), a.integer("last")); }},
    OpInfo{"expand", 0, 0, "x", kReshape, Rule::same, true, "axes of extent 1 stretched to shape",
           [](In in, const Args& a) { return expand(in[0], a.dims("shape")); }},
    OpInfo{"permute", 0, 0, "x", kPermute, Rule::same, true, "axis i of the result is axes[i] of x",
           [](In in, const Args& a) { return permute(in[0], a.dims("axes")); }},
    OpInfo{"transpose", 0, 0, "x", kTwoAxes, Rule::same, true, "two axes swapped",
           [](In in, const Args& a) { return transpose(in[0], a.integer("axis_a"), a.integer("axis_b")); }},
    OpInfo{"squeeze", 0, 0, "x", kSqueeze, Rule::same, true, "without axes of extent 1",
           [](In in, const Args& a) { return squeeze(in[0], a.dims("axis")); }},
    OpInfo{"unsqueeze", 0, 0, "x", kAlongFirst, Rule::same, true, "with a further axis of extent 1",
           call<unsqueeze>},
    OpInfo{"diagonal", 0, 0, "x", kDiagonal, Rule::same, true, "x[.., i, i + offset]",
           [](In in, const Args& a) {
             return diagonal(in[0], a.integer("offset"), a.integer("axis_a"), a.integer("axis_b"));
           }},
    OpInfo{"slice", 0, 0, "x", kSlice, Rule::same, true, "x[start:stop:step] along axis",
           [](In in, const Args& a) {
             return slice(in[0], a.integer("axis"), a.integer("start"), a.integer("stop"), a.integer("step"));
           }},
    OpInfo{"concat", 0, 0, "tensors...", kAlongFirst, Rule::same, true, "joined along an axis",
           [](In in, const Args& a) { return concat(in, a.integer("axis")); }},
    OpInfo{"stack", 0, 0, "tensors...", kAlongFirst, Rule::same, true, "joined along a further axis",
           [](In in, const Args& a) { return stack(in, a.integer("axis")); }},
    OpInfo{"select", 0, 0, "x", kSelect, Rule::same, true, "x[.., index, ..] on an axis that goes",
           [](In in, const Args& a) { return select(in[0], a.integer("axis"), a.integer("index")); }},
    OpInfo{"index_select", 0, 0, "x index", kAlongFirst, Rule::same, true, "the slices of x that index names",
           [](In in, const Args& a) { return index_select(in[0], a.integer("axis"), in[1]); }},
    OpInfo{"isclose", 0, 0, "a b", kClose, Rule::boolean, false, "|a - b| <= atol + rtol |b|",
           [](In in, const Args& a) {
             return isclose(in[0], in[1], a.real("rtol"), a.real("atol"), a.flag("equal_nan"));
           }},
    OpInfo{"allclose", 0, 0, "a b", kClose, Rule::boolean, false, "whether isclose() holds everywhere",
           [](In in, const Args& a) {
             return full({}, allclose(in[0], in[1], a.real("rtol"), a.real("atol"), a.flag("equal_nan")),
                         DType::boolean);
           }},
    OpInfo{"bernoulli", 0, 0, "", kBernoulli, Rule::boolean, false, "true with probability p",
           [](In, const Args& a) { return bernoulli(a.dims("shape"), a.real("p"), Draw(a).get()); }},
};
static_assert(kRows[static_cast<std::size_t>(Op::one_hot)].name == "one_hot");
static_assert(kRows[static_cast<std::size_t>(Op::matmul)].name == "matmul");

}  // namespace
}  // namespace tenon::ops

namespace tenon {

std::span<const OpInfo> op_table() { return ops::kRows; }

const OpInfo& info(Op op) { return ops::kRows[static_cast<std::size_t>(op)]; }

}  // namespace tenon
