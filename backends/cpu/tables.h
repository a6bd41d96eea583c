// What the vectorised translation units offer: tables of kernels on dense arrays, one per family, chosen once
// for this CPU. A null entry is a pair of member and dtype that abi.h does not list.
#pragma once

#include <tenon/plugin/dtype.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon::cpu {

/// Reads n elements of each input and writes n of the output, in any overlap where input and output are the
/// same array. Results do not depend on n, alignment or position.
using UnaryKernel = void (*)(const void* x, void* out, std::size_t n);
using BinaryKernel = void (*)(const void* a, const void* b, void* out, std::size_t n);
using TernaryKernel = void (*)(const void* a, const void* b, const void* c, void* out, std::size_t n);

inline constexpr std::size_t kUnaryMembers = TENON_UNARY_ISNAN + 1;
inline constexpr std::size_t kBinaryMembers = TENON_BINARY_GE + 1;
inline constexpr std::size_t kTernaryMembers = TENON_TERNARY_MULTIPLY_ADD + 1;
inline constexpr std::size_t kFoldMembers = TENON_REDUCE_ALL + 1;

/// Rows of the tables are members, columns dtypes in the order of DType.
template <typename Kernel, std::size_t Members>
struct Table {
  Kernel kernel[Members][kDTypeCount];

  [[nodiscard]] Kernel find(std::uint32_t member, DType dtype) const {
    return member < Members ? kernel[member][static_cast<std::size_t>(dtype)] : Kernel{};
  }
};

/// Rows of n elements for the arithmetic of BINARY; steps between rows are in bytes.
struct BinaryRows {
  const std::byte* a;
  const std::byte* b;
  std::byte* out;
  std::ptrdiff_t a_step;
  std::ptrdiff_t b_step;
  std::ptrdiff_t out_step;
  std::size_t rows;
  std::size_t n;
};
/// For rows of a and b that are dense, and for those of which a, or b, is one element that is repeated. Null
/// but for ADD, SUB, MUL and DIV of float32 and float64, which are cheaper than a copy.
struct BinaryRowKernels {
  void (*dense)(const BinaryRows& rows);
  void (*repeated_a)(const BinaryRows& rows);
  void (*repeated_b)(const BinaryRows& rows);
};

using UnaryTable = Table<UnaryKernel, kUnaryMembers>;
using BinaryTable = Table<BinaryKernel, kBinaryMembers>;
using TernaryTable = Table<TernaryKernel, kTernaryMembers>;

const UnaryTable& unary_table();
const BinaryTable& binary_table();
const TernaryTable& ternary_table();
using BinaryRowTable = Table<BinaryRowKernels, kBinaryMembers>;
const BinaryRowTable& binary_row_table();

/// float32 exp, log, ... from math_kernels.cpp; null where unary_kernels.cpp has the member itself.
UnaryKernel float_math(std::uint32_t member);
BinaryKernel float_pow();
/// The same in float64, from math_double.cpp.
UnaryKernel double_math(std::uint32_t member);
void double_pow(const void* a, const void* b, void* out, std::size_t n);

/// The casts of COPY: rows are the dtypes to cast from, columns those to cast to.
using CastTable = Table<UnaryKernel, kDTypeCount>;
const CastTable& cast_table();

/// A reduction as a fold over accumulators of type A (double, uint64, or the element's own): SUM of floats in
/// double, after a few float32 or bfloat16 were added up in float32; of integers in uint64.
struct Fold {
  std::size_t accumulator_size;
  /// acc[0, columns) = the value that a fold over nothing gives.
  void (*start)(void* acc, std::size_t columns);
  /// acc[j] = acc[j] op x[r][j] for r = 0 .. rows - 1; rows lie row_stride bytes apart, columns
  /// densely.
  void (*columns)(void* acc, const void* x, std::ptrdiff_t row_stride, std::size_t rows, std::size_t columns);
  /// acc[0] = acc[0] op every x[r][i], grouped by the extents alone; rows of n elements lie row_stride bytes
  /// apart.
  void (*rows)(void* acc, const void* x, std::ptrdiff_t row_stride, std::size_t rows, std::size_t n);
  /// acc[j] = acc[j] op other[j].
  void (*merge)(void* acc, const void* other, std::size_t columns);
  /// Writes the results, out_stride bytes apart; n is the number of elements reduced, which MEAN divides by.
  void (*finish)(const void* acc, std::size_t columns, std::int64_t n, void* out, std::ptrdiff_t out_stride);
};
using FoldTable = Table<Fold, kFoldMembers>;
const FoldTable& fold_table();

/// The kernels of inner_products(), for float and double.
template <typename T>
struct InnerKernels {
  /// The sum of a[i] b[i].
  T (*rows)(const T* a, const T* b, std::size_t n);
  /// sum[j] += a[r][j] b[r][j] for every r; strides between rows are in bytes.
  void (*columns)(T* sum, const std::byte* a, std::int64_t a_stride, const std::byte* b,
                  std::int64_t b_stride, std::int64_t rows, std::size_t columns);
};
template <typename T>
const InnerKernels<T>& inner_kernels();

/// The steps of SOFTMAX, on dense rows of n elements.
struct SoftmaxKernels {
  /// Takes each row's maximum off its elements.
  void (*shift)(double* x, std::size_t rows, std::size_t n);
  /// y[i] = exp(x[i]), to float32's precision, for x[i] <= 0; NaN goes through.
  void (*exponentials)(const double* x, double* y, std::size_t n);
  /// out = e / the sum of its row.
  void (*divide)(const double* e, double* out, std::size_t rows, std::size_t n);
  /// x -= ln of the sum of e's row.
  void (*subtract_log)(const double* e, double* x, std::size_t rows, std::size_t n);
};
const SoftmaxKernels& softmax_kernels();

inline constexpr std::int64_t kMaxProductTile = 6 * 32;

/// The kernel of plain_product(), for float and double.
template <typename T>
struct ProductKernel {
  std::int64_t rows;
  std::int64_t columns;
  /// sums[r][j] = the sum over i < k of a[i][r] b[i][j], all three dense and aligned to a vector, for r in [0,
  /// rows) and j in [0, columns).
  void (*tile)(const T* a, const T* b, std::size_t k, T* sums);
};
template <typename T>
const ProductKernel<T>& product_kernel();

/// words[4 * i + w] = word w of the block with counter (offset + first + i), for i in [0, blocks).
void philox_blocks(std::uint64_t seed, std::uint64_t offset, std::uint64_t first, std::size_t blocks,
                   std::uint32_t* words);

}  // namespace tenon::cpu
