// Moving elements from one layout to another.
#pragma once

#include "cpu/loop.h"

namespace tenon::cpu {

/// Copies operand 1 to operand 0, which have the same dtype and do not overlap; by tiles where they are dense
/// along different axes. Threads share a large copy.
void copy_elements(const Loop& loop);

}  // namespace tenon::cpu
