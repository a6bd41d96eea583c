// Backends for the tests of the door, told apart by TEST_NAME:
//   partial   does ADD and MUL of float32 and nothing else
//   failing   fails in every way that a backend can; each way is the member of an op
//   silent    does nothing, and says so
//   boastful  promises a score of 90 and then cannot run here
#include <tenon/plugin/backend.hpp>

#include <new>
#include <stdexcept>
#include <string>

namespace {

using namespace tenon::plugin;

constexpr std::string_view kName = TEST_NAME;

bool is_float_binary(const Call& call, std::uint32_t member) {
  return call.op() == TENON_OP_BINARY && call.member() == member &&
         call.output().dtype() == tenon::DType::float32;
}

// Row-major, through strides.
template <typename F>
void binary(const Call& call, F f) {
  const View out = call.output();
  const std::int64_t rank = out.rank();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    std::int64_t at[3] = {};
    std::int64_t rest = i;
    for (std::int64_t axis = rank; axis-- > 0;) {
      const auto k = static_cast<std::size_t>(axis);
      const std::int64_t position = rest % out.shape()[k];
      rest /= out.shape()[k];
      at[0] += position * call.input(0).strides()[k];
      at[1] += position * call.input(1).strides()[k];
      at[2] += position * out.strides()[k];
    }
    out.data<float>()[at[2]] = f(call.input(0).data<float>()[at[0]], call.input(1).data<float>()[at[1]]);
  }
}

bool fail(const Call& call) {
  if (call.op() != TENON_OP_UNARY) return false;
  switch (call.member()) {
    case TENON_UNARY_EXP:
      throw std::runtime_error("the test device is on fire");
    case TENON_UNARY_LOG:
      throw std::bad_alloc();
    case TENON_UNARY_SIN:
      throw InvalidData("the test data is wrong");
    case TENON_UNARY_COS:
      throw 42;
    case TENON_UNARY_NEG:
      host->set_error("a reason to decline");
      return false;
    default:
      return false;
  }
}

class TestBackend : public Backend {
 public:
  int score(std::string& reason) override {
    if (kName == "boastful") reason = "the test device is missing";
    return kName == "boastful" ? 0 : 1;
  }
  bool supports(const Call& call) const override {
    return kName == "partial" &&
           (is_float_binary(call, TENON_BINARY_ADD) || is_float_binary(call, TENON_BINARY_MUL));
  }
  bool run(const Call& call) override {
    if (kName == "failing") return fail(call);
    if (!supports(call)) return false;
    if (call.member() == TENON_BINARY_ADD) {
      binary(call, [](float a, float b) { return a + b; });
    } else {
      binary(call, [](float a, float b) { return a * b; });
    }
    return true;
  }
};

}  // namespace

TENON_EXPORT_BACKEND(entry<TestBackend>, TEST_NAME, "1.0", "", "", "", TEST_CEILING)
