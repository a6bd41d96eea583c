// What Tenon throws. A message begins with the op or the file that it is about and ends with what to do.
#pragma once

#include <tenon/export.h>

#include <stdexcept>

namespace tenon {

/// The root of everything that Tenon throws on purpose.
class TENON_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes, ranks or axes that do not fit the op.
class TENON_API ShapeError : public Error {
 public:
  using Error::Error;
};

/// A dtype that the op does not take, or a C++ type that is not the tensor's.
class TENON_API DTypeError : public Error {
 public:
  using Error::Error;
};

/// An index or a value outside its range.
class TENON_API IndexError : public Error {
 public:
  using Error::Error;
};

/// A backend that is unknown, cannot be loaded, does not do the op, or failed in it.
class TENON_API BackendError : public Error {
 public:
  using Error::Error;
};

/// A gradient that does not exist or can no longer be computed.
class TENON_API AutogradError : public Error {
 public:
  using Error::Error;
};

/// Memory that could not be had: says how much was asked for.
class TENON_API OutOfMemory : public Error {
 public:
  using Error::Error;
};

/// A file that is missing, malformed, too short or too large: says which file and which field.
class TENON_API FileError : public Error {
 public:
  using Error::Error;
};

}  // namespace tenon
