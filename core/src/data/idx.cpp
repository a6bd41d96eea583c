// IDX: two zero bytes, the element type, the rank, an extent of 32 bits for each axis, the elements; all
// big-endian.
#include <tenon/creation.h>
#include <tenon/data/idx.h>
#include <tenon/device.h>
#include <tenon/dtype.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "data/idx_file.h"
#include "io/byte_order.h"

namespace tenon {
namespace {

struct TypeRow {
  int code;
  std::size_t item_size;  // in the file
  DType dtype;            // in the tensor
};
constexpr std::array<TypeRow, 6> kTypes = {{{0x08, 1, DType::uint8},
                                            {0x09, 1, DType::int32},
                                            {0x0B, 2, DType::int32},
                                            {0x0C, 4, DType::int32},
                                            {0x0D, 4, DType::float32},
                                            {0x0E, 8, DType::float64}}};

// What is taken before it is known to be there: io::kAllowance without the buffers of inflating.
constexpr std::uint64_t kTrusted = io::kAllowance - (std::uint64_t{4} << 20);

// Beyond kTrusted, a tensor may be this much larger than its gzip file. Images of handwriting reach 20;
// deflate reaches 1032 on bytes that say nothing.
constexpr std::uint64_t kMostInflation = 100;

template <typename From>
void widen(std::span<const std::byte> from, std::int32_t* to) {
  for (std::size_t i = 0; i < from.size() / sizeof(From); ++i) {
    std::array<std::byte, sizeof(From)> element;
    std::ranges::copy(from.subspan(i * sizeof(From), sizeof(From)), element.begin());
    to[i] = static_cast<std::int32_t>(std::bit_cast<From>(element));
  }
}

}  // namespace

IdxFile::IdxFile(const std::string& path) : file_(path) {
  std::array<std::byte, 4> magic{};
  file_.read(magic, "magic");
  type_ = std::to_integer<int>(magic[2]);
  const auto rank = std::to_integer<std::size_t>(magic[3]);
  const auto* row = std::ranges::find(kTypes, type_, &TypeRow::code);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0} || row == kTypes.end()) {
    io::fail(path, "magic",
             fmt::format("{:02x} {:02x} {:02x} {:02x} is not that of an IDX file, 00 00 <type> <rank>",
                         std::to_integer<int>(magic[0]), std::to_integer<int>(magic[1]), type_, rank));
  }
  if (rank == 0 || rank > kMaxRank) {
    io::fail(path, "rank", fmt::format("{} is not in [1, {}]", rank, kMaxRank));
  }
  for (std::size_t i = 0; i < rank; ++i) {
    std::array<std::byte, 4> extent{};
    file_.read(extent, fmt::format("extent {}", i));
    io::swap_byte_order(extent, extent.size());
    shape_.push_back(std::bit_cast<std::uint32_t>(extent));
  }
  dtype_ = row->dtype;
  item_size_ = row->item_size;
  tensor_bytes_ = io::byte_count(path, "extents", shape_, dtype_);
  file_bytes_ = tensor_bytes_ / item_size(dtype_) * item_size_;
}

/// Makes sure that the elements are there before memory is taken for more than kTrusted of them.
void IdxFile::check_size() {
  const std::string claim = fmt::format("{} of {} bytes", to_string(shape_), item_size_);
  const std::uint64_t header_bytes = 4 + 4 * shape_.size();
  if (!file_.is_compressed()) {
    const std::uint64_t held = file_.file_size() - header_bytes;
    if (file_bytes_ != held) {
      io::fail(path(), "extents",
               fmt::format("{} each need {} bytes, the file holds {}", claim, file_bytes_, held));
    }
    return;
  }
  if (tensor_bytes_ <= kTrusted) return;
  if (tensor_bytes_ / kMostInflation > file_.file_size()) {
    io::fail(path(), "extents",
             fmt::format("{} each take {} bytes, more than {} times the {} bytes of the gzip file; inflate "
                         "it first (gunzip) if it is meant so",
                         claim, tensor_bytes_, kMostInflation, file_.file_size()));
  }
  // Inflating twice costs time on large files only, and needs no second copy of the elements.
  file_.skip(file_bytes_, "elements");
  file_.expect_end("elements");
  file_.rewind();
  file_.skip(header_bytes, "header");
}

Tensor IdxFile::load() {
  check_size();
  Tensor x = empty(shape_, dtype_, Device());
  // Narrow elements are read to the end of the tensor's memory and widened from there, front to back.
  const std::span<std::byte> elements = io::bytes_of(x).last(file_bytes_);
  file_.read(elements, "elements");
  file_.expect_end("elements");
  io::swap_byte_order(elements, item_size_);
  if (type_ == 0x09) widen<std::int8_t>(elements, x.data<std::int32_t>());
  if (type_ == 0x0B) widen<std::int16_t>(elements, x.data<std::int32_t>());
  return x;
}

Tensor load_idx(const std::string& path) { return IdxFile(path).load(); }

}  // namespace tenon
