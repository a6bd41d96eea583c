// One function a family. Each returns whether the call is one it knows, and, unless `run` is false, does it.
#pragma once

#include <tenon/plugin/backend.hpp>

namespace tenon::cpu {

bool copy(const plugin::Call& call, bool run);
bool unary(const plugin::Call& call, bool run);
bool binary(const plugin::Call& call, bool run);
bool ternary(const plugin::Call& call, bool run);
bool reduce(const plugin::Call& call, bool run);
bool arg_reduce(const plugin::Call& call, bool run);
bool init(const plugin::Call& call, bool run);
bool index(const plugin::Call& call, bool run);
bool matmul(const plugin::Call& call, bool run);
bool integer_matmul(const plugin::Call& call, bool run);
bool softmax(const plugin::Call& call, bool run);

}  // namespace tenon::cpu
