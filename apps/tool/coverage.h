#pragma once

#include <tenon/backend.h>

#include <string>
#include <vector>

namespace tenon::tool {

/// Which primitive op each available backend does itself, in which dtypes: a table for people, or an array of
/// {"op", "backends": {name: [dtype...]}}.
std::string coverage_table(const std::vector<BackendInfo>& backends, bool colour);
std::string coverage_json(const std::vector<BackendInfo>& backends);

}  // namespace tenon::tool
