// A tensor in a buffer that notices everything a kernel must not do to it.
#pragma once

#include <tenon/plugin/abi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "judge.h"

namespace tenon::conformance {

using Shape = std::vector<std::int64_t>;

/// How the elements lie in memory. The ones that repeat elements are for inputs only.
enum class Layout : std::uint8_t {
  contiguous,       ///< row-major
  transposed,       ///< column-major
  permuted,         ///< odd axes outermost, then the even ones
  sliced,           ///< every second element of the last axis, every third of the one before
  padded,           ///< three unused elements after each row; arbitrary strides where the extent is 1
  diagonal,         ///< the last axis walks the diagonal of a square
  broadcast_first,  ///< stride 0 on the first axis
  broadcast_last,   ///< stride 0 on the last axis
  broadcast_all,    ///< one element
  sliding           ///< stride 1 on every axis: overlapping windows
};

inline constexpr std::array kOutputLayouts = {Layout::contiguous, Layout::transposed, Layout::permuted,
                                              Layout::sliced,     Layout::padded,     Layout::diagonal};
inline constexpr std::array kInputLayouts = {
    Layout::contiguous,    Layout::transposed, Layout::permuted,        Layout::sliced,
    Layout::padded,        Layout::diagonal,   Layout::broadcast_first, Layout::broadcast_last,
    Layout::broadcast_all, Layout::sliding};

/// input: must not change. output: elements start as 0xFF bytes (NaN). updated: an output whose old contents
/// count.
enum class Role : std::uint8_t { input, output, updated };

inline constexpr int kAtPageEnd = -1;

/// Frees an operand's buffer: `pages` bytes of mapped memory that begin `front` bytes before it, or memory of
/// the heap if `pages` is 0.
struct BufferRelease {
  std::size_t pages = 0;
  std::size_t front = 0;
  void operator()(std::byte* memory) const;
};

/// One operand of a call. Gaps of inputs hold 0xFF bytes (NaN), so that reading one shows; an input's buffer
/// ends with its last element, so that a sanitizer sees reads beyond; gaps and surroundings of outputs hold
/// canaries. Elements are aligned to their size and no more unless `lead` is 0.
class Operand {
 public:
  /// `lead` elements lie between a 64-byte boundary and the first element; odd leads go into byte_offset,
  /// even ones into the data pointer. kAtPageEnd: the buffer ends with the last element, at the end of a page
  /// that an inaccessible one follows, so that touching what lies behind is a fault of the processor.
  Operand(DType dtype, Shape shape, Role role, Layout layout = Layout::contiguous, int lead = 1);
  /// The same with strides of the caller's choice.
  Operand(DType dtype, Shape shape, std::vector<std::int64_t> strides, Role role, int lead = 1);

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(offsets_.size()); }

  /// Element i in row-major order.
  [[nodiscard]] Real at(std::int64_t i) const;
  /// Rounds `value` to the dtype and stores it.
  void put(std::int64_t i, Real value);
  /// Stores raw bytes: the upper part of `bits` is dropped.
  void put_bits(std::int64_t i, std::uint64_t bits);
  [[nodiscard]] std::uint64_t bits(std::int64_t i) const;
  /// put(i, values[i mod size]) for all i; with repeated elements, the last one stands.
  void fill(const std::vector<Real>& values);

  /// The view for a call frame; points into this object.
  [[nodiscard]] DLTensor tensor() const;

  /// All of it, from the canaries before the elements to those behind.
  [[nodiscard]] std::span<std::byte> buffer() { return {buffer_.get(), bytes_}; }
  /// Remembers the buffer as it is.
  void seal();
  /// Puts the buffer back to where it was sealed.
  void restore();
  /// Whether any byte differs from the sealed ones.
  [[nodiscard]] bool changed() const;
  /// Where a byte outside of the elements differs from the sealed ones; empty if nowhere.
  [[nodiscard]] std::string trespass() const;
  /// A copy of the whole buffer, for comparing runs.
  [[nodiscard]] std::vector<std::byte> image() const;

  /// "float32[5, 7] strides [14, 2] offset 1".
  [[nodiscard]] std::string describe() const;
  /// Row-major index i as "(1, 4)".
  [[nodiscard]] std::string index_text(std::int64_t i) const;

 private:
  void place(Role role, int lead);
  void allocate(bool at_page_end);
  [[nodiscard]] std::byte* element(std::int64_t i) const;

  DType dtype_;
  Shape shape_;
  std::vector<std::int64_t> strides_;
  std::vector<std::int64_t> offsets_;  // of each logical element from the first, in elements
  std::unique_ptr<std::byte[], BufferRelease> buffer_;
  std::size_t bytes_ = 0;
  std::size_t first_ = 0;  // byte of the first element
  std::size_t tail_ = 0;   // bytes after the last element
  std::size_t byte_offset_ = 0;
  std::vector<std::byte> sealed_;
};

/// Row-major strides of a shape.
std::vector<std::int64_t> contiguous_strides(const Shape& shape);

/// The product of the extents.
std::int64_t element_count(const Shape& shape);

}  // namespace tenon::conformance
