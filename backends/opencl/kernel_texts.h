// The files of kernels/ as text; kernel_texts.cpp is made at build time.
#pragma once

namespace tenon::opencl::texts {

extern const char* const kMembers;  ///< abi.h's TENON_*_* members as macros
extern const char* const kPrelude;
extern const char* const kScalar;
extern const char* const kUnary;
extern const char* const kBinary;
extern const char* const kTernary;
extern const char* const kCopy;
extern const char* const kInit;
extern const char* const kReduce;
extern const char* const kSoftmax;
extern const char* const kIndex;
extern const char* const kMatmul;

}  // namespace tenon::opencl::texts
