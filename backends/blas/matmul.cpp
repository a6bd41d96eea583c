#include "blas/matmul.h"

#include "blas/gemm.h"
#include "cpu/inner_product.h"
#include "cpu/loop.h"
#include "cpu/matmul_in_parts.h"
#include "cpu/scratch.h"
#include "cpu/threads.h"

#include <algorithm>
#include <climits>
#include <optional>

namespace tenon::blas {
namespace {

using cpu::Loop;
using cpu::run_member;
using cpu::Scratch;
using cpu::Tensor;
using plugin::Call;
using plugin::View;

/// Below this many multiplications, matrices of a batch are given to threads one by one instead of each to
/// all.
constexpr std::int64_t kSmallProduct = std::int64_t{128} * 128 * 128;
/// Below this many, a single product with at most kThin rows or columns is cut into a piece for each
/// thread, and so is one of any size with at most kVeryThin.
constexpr std::int64_t kModerateProduct = 3 << 20;
constexpr std::int64_t kThin = 128;
constexpr std::int64_t kVeryThin = 16;
/// Multiplications worth a thread; less than the smallest product that is cut.
constexpr std::int64_t kGrain = 1 << 17;

std::int64_t extent_from_last(const View& view, int from_last) {
  return view.shape()[view.shape().size() - static_cast<std::size_t>(from_last)];
}
std::int64_t stride_from_last(const View& view, int from_last) {
  return view.strides()[view.strides().size() - static_cast<std::size_t>(from_last)];
}

/// An input in T and in a layout that CBLAS can express: the operand itself, or a dense copy of it in which
/// repeated batches stay one.
template <typename T>
class Input {
 public:
  explicit Input(const View& view) {
    constexpr DType kDType = plugin::dtype_of<T>();
    const bool direct =
        view.dtype() == kDType && layout_of(extent_from_last(view, 2), extent_from_last(view, 1),
                                            stride_from_last(view, 2), stride_from_last(view, 1))
                                      .valid;
    const std::size_t rank = view.shape().size();
    std::copy(view.shape().begin(), view.shape().end(), shape_);
    if (direct) {
      std::copy(view.strides().begin(), view.strides().end(), strides_);
      data_ = view.data<T>();
      return;
    }
    DLTensor from = view.dlpack();
    std::int64_t packed[TENON_MAX_RANK];
    std::int64_t size = 1;
    for (std::size_t axis = rank; axis-- > 0;) {
      const bool repeated = axis + 2 < rank && view.strides()[axis] == 0;
      packed[axis] = repeated ? 1 : shape_[axis];
      strides_[axis] = repeated ? 0 : size;
      size *= packed[axis];
    }
    from.shape = packed;
    memory_.emplace(static_cast<std::size_t>(size) * sizeof(T));
    data_ = memory_->template as<T>();
    const Tensor to(memory_->template as<void>(), kDType, {packed, rank});
    run_member(TENON_OP_COPY, 0, {from}, to.dlpack());
  }

  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::int64_t stride(std::size_t axis) const { return strides_[axis]; }

 private:
  const T* data_ = nullptr;
  std::int64_t shape_[TENON_MAX_RANK];
  std::int64_t strides_[TENON_MAX_RANK];
  std::optional<Scratch> memory_;
};

/// Cuts [0, extent) into at most `most` pieces, one for each thread: calls f(piece, begin, size), and returns
/// how many there are. They are of whole cache lines, for threads that write to the same line hinder each
/// other.
template <typename T, typename F>
std::int64_t for_each_piece(std::int64_t extent, std::int64_t most, F&& f) {
  constexpr std::int64_t kTile = 64 / sizeof(T);
  const std::int64_t tiles = (extent + kTile - 1) / kTile;
  const std::int64_t pieces = std::min(most, tiles);
  cpu::parallel_for(pieces, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t piece = first; piece < last; ++piece) {
      const std::int64_t begin = piece * tiles / pieces * kTile;
      const std::int64_t end = std::min((piece + 1) * tiles / pieces * kTile, extent);
      f(piece, begin, end - begin);
    }
  });
  return pieces;
}

/// Cuts the summed extent: the first piece goes to c, and the sums of the others are added to it in order.
template <typename T>
void multiply_in_summands(const CblasLibrary& library, T alpha, const Matrix<const T>& a,
                          const Matrix<const T>& b, T beta, const Matrix<T>& c, std::int64_t most) {
  const std::int64_t size = c.rows * c.columns;
  const Scratch memory(static_cast<std::size_t>((most - 1) * size) * sizeof(T));
  const auto multiply_piece = [&](std::int64_t piece, std::int64_t begin, std::int64_t n) {
    const Matrix<const T> left = {a.data + begin * a.column_stride, a.rows, n, a.row_stride, a.column_stride};
    const Matrix<const T> right = {b.data + begin * b.row_stride, n, b.columns, b.row_stride,
                                   b.column_stride};
    if (piece == 0) {
      multiply<T>(library, alpha, left, right, beta, c);
    } else {
      T* const sum = memory.as<T>() + (piece - 1) * size;
      multiply<T>(library, alpha, left, right, T{0}, {sum, c.rows, c.columns, c.columns, 1});
    }
  };
  const std::int64_t pieces = for_each_piece<T>(a.columns, most, multiply_piece);
  const T* sum = memory.as<T>();
  for (std::int64_t piece = 1; piece < pieces; ++piece) {
    for (std::int64_t i = 0; i < c.rows; ++i) {
      T* const row = c.data + i * c.row_stride;
      for (std::int64_t j = 0; j < c.columns; ++j) row[j * c.column_stride] += *sum++;
    }
  }
}

/// One thin product, each thread multiplying a piece of the longest extent by itself: CBLAS's own
/// threads gain nothing there yet. A summed extent must be much the longest, for its sums are added up twice.
/// Throws std::bad_alloc.
template <typename T>
void multiply_in_pieces(const CblasLibrary& library, T alpha, const Matrix<const T>& a,
                        const Matrix<const T>& b, T beta, const Matrix<T>& c) {
  const std::int64_t work = c.rows * c.columns * a.columns;
  const std::int64_t pieces = std::min<std::int64_t>(cpu::thread_count(), work / kGrain);
  const CblasLibrary::Threads alone(library, 1);
  if (a.columns >= 2 * std::max(c.rows, c.columns)) {
    multiply_in_summands(library, alpha, a, b, beta, c, pieces);
  } else if (c.rows > c.columns) {
    for_each_piece<T>(c.rows, pieces, [&](std::int64_t, std::int64_t begin, std::int64_t n) {
      multiply<T>(library, alpha,
                  {a.data + begin * a.row_stride, n, a.columns, a.row_stride, a.column_stride}, b, beta,
                  {c.data + begin * c.row_stride, n, c.columns, c.row_stride, c.column_stride});
    });
  } else {
    for_each_piece<T>(c.columns, pieces, [&](std::int64_t, std::int64_t begin, std::int64_t n) {
      multiply<T>(library, alpha, a,
                  {b.data + begin * b.column_stride, b.rows, n, b.row_stride, b.column_stride}, beta,
                  {c.data + begin * c.column_stride, c.rows, n, c.row_stride, c.column_stride});
    });
  }
}

/// out = alpha a b + beta out for every matrix of the batch; alpha not 0, no extent 0, out in an output
/// layout.
template <typename T>
void multiply_batch(const CblasLibrary& library, T alpha, const View& a_view, const View& b_view, T beta,
                    const View& out) {
  constexpr auto kItem = static_cast<std::int64_t>(sizeof(T));
  const Input<T> a(a_view);
  const Input<T> b(b_view);
  const std::size_t rank = out.shape().size();
  const std::size_t row_axis = rank - 2;
  const std::size_t column_axis = rank - 1;
  const std::int64_t n = extent_from_last(out, 1);
  const std::int64_t k = extent_from_last(a_view, 1);

  // The rows of out, then its batches: batches that share one b and lie evenly merge with the rows.
  Loop loop;
  loop.operands = 3;
  loop.base[0] = out.data<std::byte>();
  loop.base[1] = reinterpret_cast<std::byte*>(const_cast<T*>(a.data()));
  loop.base[2] = reinterpret_cast<std::byte*>(const_cast<T*>(b.data()));
  std::fill_n(loop.item, 3, kItem);
  const std::int64_t row_strides[] = {out.strides()[row_axis] * kItem, a.stride(row_axis) * kItem, 0};
  loop.add_axis(out.shape()[row_axis], row_strides);
  for (std::size_t axis = row_axis; axis-- > 0;) {
    const std::int64_t strides[] = {out.strides()[axis] * kItem, a.stride(axis) * kItem,
                                    b.stride(axis) * kItem};
    loop.add_axis(out.shape()[axis], strides);
  }
  loop.merge_axes();
  const bool has_rows =
      loop.rank > 0 && loop.stride[2][0] == 0 &&
      layout_of(loop.extent[0], n, loop.stride[0][0] / kItem, out.strides()[column_axis]).valid &&
      layout_of(loop.extent[0], k, loop.stride[1][0] / kItem, a.stride(column_axis)).valid;
  const std::int64_t m = has_rows ? loop.extent[0] : 1;
  if (m == 1 && n == 1 && alpha == T{1} && beta == T{0} &&
      cpu::inner_products<T>(loop, {k, a.stride(column_axis) * kItem, b.stride(row_axis) * kItem})) {
    return;
  }
  const std::int64_t out_row = has_rows ? loop.stride[0][0] / kItem : out.strides()[row_axis];
  const std::int64_t a_row = has_rows ? loop.stride[1][0] / kItem : a.stride(row_axis);

  const auto left = [&](std::int64_t i) {
    return Matrix<const T>{reinterpret_cast<const T*>(loop.address(1, i)), m, k, a_row,
                           a.stride(column_axis)};
  };
  const auto right = [&](std::int64_t i) {
    return Matrix<const T>{reinterpret_cast<const T*>(loop.address(2, i)), k, n, b.stride(row_axis),
                           b.stride(column_axis)};
  };
  const auto to = [&](std::int64_t i) {
    return Matrix<T>{reinterpret_cast<T*>(loop.address(0, i)), m, n, out_row, out.strides()[column_axis]};
  };
  const auto product = [&](std::int64_t i) { multiply<T>(library, alpha, left(i), right(i), beta, to(i)); };
  const std::int64_t batches = loop.size / m;
  const std::int64_t work = m * n * k;
  const int threads = cpu::thread_count();
  const bool allocates = library.gemv<T>() == nullptr && (m == 1 || n == 1);  // which may throw
  if (batches > 1 && threads > 1 && work < kSmallProduct && !allocates) {
    const CblasLibrary::Threads alone(library, 1);
    cpu::parallel_for(batches, (kGrain + work - 1) / work, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) product(i * m);
    });
    return;
  }
  const bool thin = std::min(m, n) <= kVeryThin || (std::min(m, n) <= kThin && work < kModerateProduct);
  if (batches == 1 && threads > 1 && work >= 2 * kGrain && thin && !allocates) {
    multiply_in_pieces<T>(library, alpha, left(0), right(0), beta, to(0));
    return;
  }
  const CblasLibrary::Threads all(library, threads);
  for (std::int64_t i = 0; i < batches; ++i) product(i * m);
}

template <typename T>
void matmul_in(const CblasLibrary& library, const Call& call, const tenon_matmul_attributes& attributes) {
  const View out = call.output();
  const T alpha = static_cast<T>(attributes.alpha.real);
  const T beta = static_cast<T>(attributes.beta.real);
  const bool in_place = out.dtype() == plugin::dtype_of<T>() && alpha != T{0} &&
                        extent_from_last(call.input(0), 1) != 0 &&
                        is_output_layout(extent_from_last(out, 2), extent_from_last(out, 1),
                                         stride_from_last(out, 2), stride_from_last(out, 1));
  if (!in_place) {
    cpu::matmul_in_parts<T>(call, [&](T factor, const View& sum) {
      multiply_batch<T>(library, factor, call.input(0), call.input(1), T{0}, sum);
    });
    return;
  }
  const bool has_bias = call.num_inputs() == 3;
  const bool bias_first = has_bias && beta == T{0};
  if (bias_first) run_member(TENON_OP_COPY, 0, {call.input(2).dlpack()}, out.dlpack());
  multiply_batch<T>(library, alpha, call.input(0), call.input(1), bias_first ? T{1} : beta, out);
  if (has_bias && !bias_first) {
    run_member(TENON_OP_BINARY, TENON_BINARY_ADD, {out.dlpack(), call.input(2).dlpack()}, out.dlpack());
  }
  if (attributes.activation != TENON_NO_ACTIVATION) {
    run_member(TENON_OP_UNARY, attributes.activation, {out.dlpack()}, out.dlpack());
  }
}

}  // namespace

bool supports_matmul(const Call& call) {
  const View out = call.output();
  for (const std::int64_t size :
       {extent_from_last(out, 2), extent_from_last(out, 1), extent_from_last(call.input(0), 1)}) {
    if (size > INT_MAX) return false;
  }
  return cpu::supports_matmul_in_parts(call);
}

void matmul(const CblasLibrary& library, const Call& call) {
  const auto& attributes = call.attributes<tenon_matmul_attributes>();
  if (call.output().size() == 0) return;
  if (call.output().dtype() == DType::float64) {
    matmul_in<double>(library, call, attributes);
  } else {
    matmul_in<float>(library, call, attributes);
  }
}

}  // namespace tenon::blas
