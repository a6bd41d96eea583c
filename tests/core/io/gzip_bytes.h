#pragma once

#include <string>
#include <string_view>

namespace tenon::testing {

/// `bytes` as one member of gzip.
std::string gzip(std::string_view bytes);

}  // namespace tenon::testing
