// numpy.lib.format: magic, version, header length, a Python dict literal, the elements.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/io/npy.h>
#include <tenon/ops.h>
#include <tenon/views.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/atomic_file.h"
#include "io/byte_order.h"
#include "io/input_file.h"
#include "io/text_cursor.h"
#include "ops/transfer.h"

namespace tenon {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostHeader = std::size_t{1} << 20;

struct DescrRow {
  std::string_view code;  // behind the byte order
  DType dtype;
};
constexpr std::array<DescrRow, 6> kDescrs = {{{"f4", DType::float32},
                                              {"f8", DType::float64},
                                              {"i4", DType::int32},
                                              {"i8", DType::int64},
                                              {"u1", DType::uint8},
                                              {"b1", DType::boolean}}};

struct Header {
  DType dtype = DType::float32;
  bool swapped = false;
  bool fortran_order = false;
  Shape shape;
};

std::string_view read_python_string(io::TextCursor& cursor) {
  const char quote = cursor.accept("'") ? '\'' : '"';
  if (quote == '"') cursor.expect("\"");
  const std::string_view rest = cursor.rest();
  const std::size_t length = rest.find(quote);
  if (length == std::string_view::npos) cursor.fail("a string that does not end");
  const std::string_view text = rest.substr(0, length);
  if (text.find_first_of("\\\n") != std::string_view::npos) cursor.fail("an escape in a string");
  cursor.advance(length + 1);
  return text;
}

void read_descr(io::TextCursor& cursor, Header& header) {
  if (cursor.accept("[")) cursor.fail("a structured dtype; save its fields one by one");
  const std::string_view descr = read_python_string(cursor);
  constexpr std::string_view kOrders = "<>=|";
  if (!descr.empty() && kOrders.find(descr.front()) != std::string_view::npos) {
    for (const DescrRow& row : kDescrs) {
      if (descr.substr(1) != row.code || (descr.front() == '|' && item_size(row.dtype) > 1)) continue;
      header.dtype = row.dtype;
      header.swapped = descr.front() == '>';
      return;
    }
  }
  io::fail(cursor.path(), "descr",
           fmt::format("{} is none of f4 f8 i4 i8 u1 b1; convert the array with .astype('float32'), say, "
                       "before numpy.save",
                       io::in_quotes(descr)));
}

void read_shape(io::TextCursor& cursor, Header& header) {
  cursor.expect("(");
  bool comma = true;
  while (!cursor.accept(")")) {
    if (!comma) cursor.fail("expected ','");
    if (header.shape.size() == kMaxRank) cursor.fail(fmt::format("a rank above {}", kMaxRank));
    header.shape.push_back(cursor.natural());
    comma = cursor.accept(",");
    if (!comma && header.shape.size() == 1) cursor.fail("expected ',' (a tuple)");
  }
}

Header read_header(io::TextCursor& cursor) {
  Header header;
  std::array<bool, 3> seen{};
  constexpr std::array<std::string_view, 3> kKeys = {"descr", "fortran_order", "shape"};
  cursor.expect("{");
  bool comma = true;
  while (!cursor.accept("}")) {
    if (!comma) cursor.fail("expected ',' or '}'");
    const std::string_view key = read_python_string(cursor);
    const std::size_t i = static_cast<std::size_t>(std::ranges::find(kKeys, key) - kKeys.begin());
    if (i == kKeys.size()) cursor.fail(fmt::format("a key {} that .npy does not have", io::in_quotes(key)));
    if (std::exchange(seen[i], true)) cursor.fail(fmt::format("'{}' a second time", key));
    cursor.expect(":");
    cursor.set_field(std::string(key));
    if (i == 0) {
      read_descr(cursor, header);
    } else if (i == 1) {
      header.fortran_order = cursor.accept("True");
      if (!header.fortran_order) cursor.expect("False");
    } else {
      read_shape(cursor, header);
    }
    cursor.set_field("header");
    comma = cursor.accept(",");
  }
  if (!cursor.at_end()) cursor.fail("expected nothing behind the '}'");
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (!seen[i]) cursor.fail(fmt::format("there is no '{}'", kKeys[i]));
  }
  return header;
}

std::string read_header_text(io::InputFile& file) {
  std::array<std::byte, 8> start{};
  file.read(start, "magic");
  if (!std::ranges::equal(std::span(start).first(6), std::as_bytes(std::span(kMagic)))) {
    io::fail(file.path(), "magic", "this is not a .npy file");
  }
  const int major = std::to_integer<int>(start[6]);
  const int minor = std::to_integer<int>(start[7]);
  if (major < 1 || major > 3 || minor != 0) {
    io::fail(file.path(), "version", fmt::format("{}.{} is none of 1.0, 2.0, 3.0", major, minor));
  }
  std::array<std::byte, 4> length_bytes{};
  file.read(std::span(length_bytes).first(major == 1 ? 2 : 4), "header length");
  const auto length = std::bit_cast<std::uint32_t>(length_bytes);
  if (length > kMostHeader || length > file.remaining()) {
    io::fail(file.path(), "header length",
             fmt::format("{} bytes; the file holds {} more, and a header has at most {}", length,
                         file.remaining(), kMostHeader));
  }
  std::string text(length, '\0');
  file.read(std::as_writable_bytes(std::span(text)), "header");
  return text;
}

Shape reversed(const Shape& shape) {
  Shape out = shape;
  std::ranges::reverse(out);
  return out;
}

Axes reversing_axes(std::size_t rank) {
  Axes axes;
  for (std::size_t i = rank; i-- > 0;) axes.push_back(static_cast<std::int64_t>(i));
  return axes;
}

}  // namespace

Tensor load_npy(const std::string& path) {
  io::InputFile file(path);
  const std::string text = read_header_text(file);
  io::TextCursor cursor(path, text);
  const Header header = read_header(cursor);
  const std::uint64_t bytes = io::byte_count(path, "shape", header.shape, header.dtype);
  if (bytes != file.remaining()) {
    io::fail(path, "shape",
             fmt::format("{} {} needs {} bytes, the file holds {}", name(header.dtype),
                         to_string(header.shape), bytes, file.remaining()));
  }
  Tensor x = empty(header.fortran_order ? reversed(header.shape) : header.shape, header.dtype, Device());
  file.read(io::bytes_of(x), "data");
  if (header.swapped) io::swap_byte_order(io::bytes_of(x), item_size(header.dtype));
  io::check_bools(path, "data", x);
  if (header.fortran_order) x = ops::packed_on_host(permute(x, reversing_axes(x.rank())));
  return to(x, current_device());
}

void save_npy(const std::string& path, const Tensor& x) {
  const auto* row = std::ranges::find(kDescrs, x.dtype(), &DescrRow::dtype);
  if (row == kDescrs.end()) {
    throw DTypeError(
        fmt::format("[save_npy] NumPy has no {}; cast with astype(x, DType::float32)", name(x.dtype())));
  }
  const NoGrad no_grad;
  const Tensor source = ops::packed_on_host(x);
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                   item_size(x.dtype()) == 1 ? '|' : '<', row->code, to_string(x.shape()));
  // Padded with spaces so that the data begin at a multiple of 64.
  constexpr std::size_t kAlignment = 64;
  const std::size_t before = kMagic.size() + 4;
  header.append(kAlignment - (before + header.size() + 1) % kAlignment, ' ').push_back('\n');
  const auto length = static_cast<std::uint16_t>(header.size());

  io::AtomicFile file(path);
  file.write(kMagic);
  file.write(std::as_bytes(std::span("\x01", 2)));
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  file.write(io::bytes_of(source));
  file.commit();
}

}  // namespace tenon
