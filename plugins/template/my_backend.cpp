// A backend for Tenon in one file: negation, relu and addition of float32 tensors with any strides. It
// declines everything else, and Tenon sends that to the next backend in the list.
#include <tenon/plugin/backend.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using tenon::DType;
using tenon::plugin::Call;
using tenon::plugin::View;

/// Calls `f` with one element of each view, the output first, for every index of the output's shape. Tenon
/// has broadcast the inputs to that shape (their strides are 0 where they repeat).
template <std::size_t N, typename F>
void for_each_element(const std::array<View, N>& views, F f) {
  const auto shape = views[0].shape();
  std::array<float*, N> at{};
  for (std::size_t n = 0; n < N; ++n) at[n] = views[n].template data<float>();
  const auto move = [&](std::size_t axis, std::int64_t steps) {
    for (std::size_t n = 0; n < N; ++n) at[n] += steps * views[n].strides()[axis];
  };
  // An odometer: the last axis turns fastest, and one that wraps around moves the axis before it.
  std::array<std::int64_t, TENON_MAX_RANK> index{};
  for (std::int64_t left = views[0].size(); left > 0; --left) {
    f(at);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) {
        move(axis, 1);
        break;
      }
      index[axis] = 0;
      move(axis, 1 - shape[axis]);
    }
  }
}

class MyBackend : public tenon::plugin::Backend {
 public:
  /// A machine that lacks what you need gets 0, with a reason that says how to mend it.
  int score(std::string& /*reason*/) override { return 5; }

  std::string library() override { return "plain C++"; }

  bool supports(const Call& call) const override {
    switch (call.op()) {
      case TENON_OP_UNARY:
        return call.input(0).dtype() == DType::float32 &&
               (call.member() == TENON_UNARY_NEG || call.member() == TENON_UNARY_RELU);
      case TENON_OP_BINARY:
        return call.input(0).dtype() == DType::float32 && call.member() == TENON_BINARY_ADD;
      default:
        return false;
    }
  }

  /// Called from several threads at once; abi.h says exactly what each op computes.
  bool run(const Call& call) override {
    if (!supports(call)) return false;
    if (call.op() == TENON_OP_BINARY) {
      for_each_element<3>({call.output(), call.input(0), call.input(1)},
                          [](auto at) { *at[0] = *at[1] + *at[2]; });
    } else if (call.member() == TENON_UNARY_NEG) {
      for_each_element<2>({call.output(), call.input(0)}, [](auto at) { *at[0] = -*at[1]; });
    } else {
      // Written so that NaN stays NaN and -0 becomes +0.
      for_each_element<2>({call.output(), call.input(0)},
                          [](auto at) { *at[0] = *at[1] > 0 || std::isnan(*at[1]) ? *at[1] : 0.0F; });
    }
    return true;
  }
};

}  // namespace

// Name, version, vendor library, CPU features that all code needs, driver library, the highest possible
// score.
TENON_EXPORT_BACKEND(tenon::plugin::entry<MyBackend>, "my", "0.1.0", "", "", "", 5)
