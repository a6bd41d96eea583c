#pragma once

#include <tenon/error.h>

namespace tenon::tool {

/// A command line, or a choice of backend in it, that cannot be followed: exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace tenon::tool
