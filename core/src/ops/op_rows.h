#pragma once

#include <tenon/op_table.h>

#include <span>

namespace tenon::ops {

std::span<const OpInfo> rows();

}  // namespace tenon::ops
