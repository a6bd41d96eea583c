// IDX: two zero bytes, the element type, the rank, an extent of 32 bits for each axis, the elements; all
// big-endian.
#include <tenon/creation.h>
#include <tenon/data/idx.h>
#include <tenon/dtype.h>

#include <fmt/format.h>

#include <array>

#include "io/byte_order.h"
#include "io/gzip_file.h"

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

struct Header {
  TypeRow type{};
  Shape shape;
  std::uint64_t bytes = 0;  // of the elements in the file
  [[nodiscard]] std::uint64_t header_bytes() const { return 4 + 4 * shape.size(); }
};

Header read_header(io::GzipFile& file) {
  std::array<std::byte, 4> magic{};
  file.read(magic, "magic");
  const int code = std::to_integer<int>(magic[2]);
  const auto rank = std::to_integer<std::size_t>(magic[3]);
  const auto* row = std::ranges::find(kTypes, code, &TypeRow::code);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0} || row == kTypes.end()) {
    io::fail(file.path(), "magic",
             fmt::format("{:02x} {:02x} {:02x} {:02x} is not that of an IDX file, 00 00 <type> <rank>",
                         std::to_integer<int>(magic[0]), std::to_integer<int>(magic[1]), code, rank));
  }
  if (rank == 0 || rank > kMaxRank) {
    io::fail(file.path(), "rank", fmt::format("{} is not in [1, {}]", rank, kMaxRank));
  }
  Header header{*row, {}, 0};
  for (std::size_t i = 0; i < rank; ++i) {
    std::array<std::byte, 4> extent{};
    file.read(extent, fmt::format("extent {}", i));
    io::swap_byte_order(extent, extent.size());
    header.shape.push_back(std::bit_cast<std::uint32_t>(extent));
  }
  const std::uint64_t tensor_bytes = io::byte_count(file.path(), "extents", header.shape, row->dtype);
  header.bytes = tensor_bytes / item_size(row->dtype) * row->item_size;
  return header;
}

// What is taken before it is known to be there: io::kAllowance without the buffers of inflating.
constexpr std::uint64_t kTrusted = io::kAllowance - (std::uint64_t{4} << 20);

/// Makes sure that the elements are there before memory is taken for more than kTrusted of them.
void check_size(io::GzipFile& file, const Header& header) {
  const std::string claim = fmt::format("{} of {} bytes", to_string(header.shape), header.type.item_size);
  if (!file.is_compressed()) {
    const std::uint64_t held = file.file_size() - header.header_bytes();
    if (header.bytes != held) {
      io::fail(file.path(), "extents",
               fmt::format("{} each need {} bytes, the file holds {}", claim, header.bytes, held));
    }
    return;
  }
  const std::uint64_t tensor_bytes = header.bytes / header.type.item_size * item_size(header.type.dtype);
  if (tensor_bytes <= kTrusted) return;
  constexpr std::uint64_t kBestRatio = 1032;  // of deflate: a match of 258 bytes in two bits
  if (header.bytes / kBestRatio > file.file_size()) {
    io::fail(file.path(), "extents",
             fmt::format("{} each need {} bytes, more than {} bytes of gzip can hold", claim, header.bytes,
                         file.file_size()));
  }
  // Inflating twice costs time on large files only, and needs no second copy of the elements.
  file.skip(header.bytes, "elements");
  file.expect_end("elements");
  file.rewind();
  file.skip(header.header_bytes(), "header");
}

template <typename From>
void widen(std::span<const std::byte> from, std::int32_t* to) {
  for (std::size_t i = 0; i < from.size() / sizeof(From); ++i) {
    std::array<std::byte, sizeof(From)> element;
    std::ranges::copy(from.subspan(i * sizeof(From), sizeof(From)), element.begin());
    to[i] = static_cast<std::int32_t>(std::bit_cast<From>(element));
  }
}

}  // namespace

Tensor load_idx(const std::string& path) {
  io::GzipFile file(path);
  const Header header = read_header(file);
  check_size(file, header);
  Tensor x = empty(header.shape, header.type.dtype);
  // Narrow elements are read to the end of the tensor's memory and widened from there, front to back.
  const std::span<std::byte> elements = io::bytes_of(x).last(header.bytes);
  file.read(elements, "elements");
  file.expect_end("elements");
  io::swap_byte_order(elements, header.type.item_size);
  if (header.type.code == 0x09) widen<std::int8_t>(elements, x.data<std::int32_t>());
  if (header.type.code == 0x0B) widen<std::int16_t>(elements, x.data<std::int32_t>());
  return x;
}

}  // namespace tenon
