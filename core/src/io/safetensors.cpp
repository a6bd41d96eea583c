// https://github.com/huggingface/safetensors: a 64-bit header length, a JSON header, the elements.
// {"__metadata__": {text: text, ...}, name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/dtype.h>
#include <tenon/error.h>
#include <tenon/io/safetensors.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "io/atomic_file.h"
#include "io/byte_order.h"
#include "io/input_file.h"
#include "io/json_string.h"
#include "io/text_cursor.h"
#include "ops/transfer.h"

namespace tenon {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::uint64_t kMostHeader = 100'000'000;  // as the reference implementation
// What the tensors and names of a header take beside the data fits into io::kAllowance.
constexpr std::size_t kMostTensors = 32768;
constexpr std::size_t kMostText = std::size_t{16} << 20;
constexpr std::size_t kTextOverhead = 128;  // of one entry of a map

struct DTypeRow {
  std::string_view code;
  DType dtype;
};
constexpr std::array<DTypeRow, kDTypeCount> kDTypes = {{{"F32", DType::float32},
                                                        {"F64", DType::float64},
                                                        {"BF16", DType::bfloat16},
                                                        {"I32", DType::int32},
                                                        {"I64", DType::int64},
                                                        {"U8", DType::uint8},
                                                        {"BOOL", DType::boolean}}};

struct Entry {
  std::string name;
  DType dtype = DType::float32;
  Shape shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::string field_of(std::string_view name, std::string_view part) {
  return fmt::format("tensor {}: {}", io::in_quotes(name), part);
}

/// Reads "[" integer, ... "]".
Dims read_integers(io::TextCursor& cursor) {
  Dims values;
  cursor.expect("[");
  if (cursor.accept("]")) return values;
  do {
    if (values.size() == kMaxRank) cursor.fail(fmt::format("a rank above {}", kMaxRank));
    values.push_back(cursor.natural());
  } while (cursor.accept(","));
  cursor.expect("]");
  return values;
}

class HeaderReader {
 public:
  HeaderReader(std::string_view path, std::string_view text) : cursor_(path, text) {}

  void read() {
    if (!cursor_.rest().starts_with('{')) cursor_.fail("expected '{'");
    read_object([&](std::string key) {
      if (key == kMetadataKey) {
        read_metadata();
      } else {
        read_entry(std::move(key));
      }
      cursor_.set_field("header");
    });
    if (!cursor_.at_end()) cursor_.fail("expected nothing behind the '}'");
    check_names();
  }

  std::vector<Entry> entries;
  Metadata metadata;

 private:
  /// Reads "{" key ":" value, ... "}"; `read_value(key)` reads one value.
  template <typename ReadValue>
  void read_object(ReadValue&& read_value) {
    cursor_.expect("{");
    if (cursor_.accept("}")) return;
    do {
      std::string key = read_text();
      cursor_.expect(":");
      read_value(std::move(key));
    } while (cursor_.accept(","));
    cursor_.expect("}");
  }

  /// A string that may be as long as what is left of kMostText.
  std::string read_text() { return io::read_json_string(cursor_, kMostText - text_); }

  void read_metadata() {
    cursor_.set_field(std::string(kMetadataKey));
    if (std::exchange(has_metadata_, true)) cursor_.fail("it is there a second time");
    read_object([&](std::string key) {
      cursor_.set_field(fmt::format("{}: {}", kMetadataKey, io::in_quotes(key)));
      charge(key.size() + kTextOverhead);
      std::string value = read_text();
      charge(value.size());
      if (!metadata.emplace(std::move(key), std::move(value)).second) cursor_.fail("a duplicate key");
    });
  }

  void read_entry(std::string name) {
    if (name.find('\0') != std::string::npos) cursor_.fail("a tensor name with a NUL");
    if (entries.size() == kMostTensors) cursor_.fail(fmt::format("more than {} tensors", kMostTensors));
    charge(name.size());
    Entry entry;
    constexpr std::array<std::string_view, 3> kKeys = {"dtype", "shape", "data_offsets"};
    std::array<bool, 3> seen{};
    cursor_.set_field(field_of(name, "entry"));
    read_object([&](const std::string& key) {
      const auto i = static_cast<std::size_t>(std::ranges::find(kKeys, key) - kKeys.begin());
      if (i == kKeys.size()) cursor_.fail(fmt::format("an unknown key {}", io::in_quotes(key)));
      cursor_.set_field(field_of(name, key));
      if (std::exchange(seen[i], true)) cursor_.fail("a duplicate key");
      if (i == 0) {
        entry.dtype = read_dtype();
      } else if (i == 1) {
        entry.shape = read_integers(cursor_);
      } else {
        read_offsets(entry);
      }
      cursor_.set_field(field_of(name, "entry"));
    });
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
      if (!seen[i]) cursor_.fail(fmt::format("there is no \"{}\"", kKeys[i]));
    }
    entry.name = std::move(name);
    entries.push_back(std::move(entry));
  }

  DType read_dtype() {
    const std::string code = read_text();
    const auto* row = std::ranges::find(kDTypes, std::string_view(code), &DTypeRow::code);
    if (row == kDTypes.end()) {
      cursor_.fail(fmt::format("{} is none of F32 F64 BF16 I32 I64 U8 BOOL", io::in_quotes(code)));
    }
    return row->dtype;
  }

  void read_offsets(Entry& entry) {
    const Dims offsets = read_integers(cursor_);
    if (offsets.size() != 2) cursor_.fail(fmt::format("{} numbers, not begin and end", offsets.size()));
    entry.begin = static_cast<std::uint64_t>(offsets[0]);
    entry.end = static_cast<std::uint64_t>(offsets[1]);
  }

  void check_names() const {
    std::vector<std::string_view> names;
    for (const Entry& entry : entries) names.emplace_back(entry.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) io::fail(cursor_.path(), field_of(*twice, "name"), "it is there a second time");
  }

  void charge(std::size_t bytes) {
    text_ += bytes;
    if (text_ > kMostText) cursor_.fail("more than 16 MiB of names and metadata");
  }

  io::TextCursor cursor_;
  std::size_t text_ = 0;
  bool has_metadata_ = false;
};

std::uint64_t read_header_length(io::InputFile& file) {
  std::uint64_t length = 0;
  file.read(std::as_writable_bytes(std::span(&length, 1)), "header length");
  if (length > kMostHeader || length > file.remaining()) {
    io::fail(file.path(), "header length",
             fmt::format("{} bytes; the file holds {} more, and a header has at most {}", length,
                         file.remaining(), kMostHeader));
  }
  return length;
}

/// The entries in the order of their data, which must be those of the whole rest of the file.
std::vector<const Entry*> in_file_order(const io::InputFile& file, const std::vector<Entry>& entries) {
  std::vector<const Entry*> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back(&entry);
  std::ranges::stable_sort(order, {}, [](const Entry* entry) { return std::pair(entry->begin, entry->end); });
  std::uint64_t position = 0;
  for (const Entry* entry : order) {
    const std::string field = field_of(entry->name, "data_offsets");
    const std::string range = fmt::format("[{}, {}]", entry->begin, entry->end);
    const std::uint64_t bytes =
        io::byte_count(file.path(), field_of(entry->name, "shape"), entry->shape, entry->dtype);
    if (entry->end < entry->begin || entry->end - entry->begin != bytes) {
      io::fail(file.path(), field,
               fmt::format("{} does not span the {} bytes of {} {}", range, bytes, name(entry->dtype),
                           to_string(entry->shape)));
    }
    if (entry->begin != position) {
      io::fail(file.path(), field,
               fmt::format("{} {} the data before it, which end at {}", range,
                           entry->begin < position ? "overlaps" : "leaves a hole behind", position));
    }
    if (entry->end > file.remaining()) {
      io::fail(
          file.path(), field,
          fmt::format("{} is outside the {} bytes of data; the file is truncated", range, file.remaining()));
    }
    position = entry->end;
  }
  if (position != file.remaining()) {
    io::fail(file.path(), "data",
             fmt::format("{} bytes follow the last tensor's", file.remaining() - position));
  }
  return order;
}

std::string header_of(const std::string& path, const NamedTensors& tensors,
                      const std::vector<std::uint64_t>& begins, const Metadata& metadata) {
  // Joined by hand: an ordered JSON object takes quadratic time.
  std::string text = "{";
  const auto add = [&](const std::string& key, const nlohmann::ordered_json& value) {
    text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", nlohmann::json(key).dump(), value.dump());
  };
  if (!metadata.empty()) add(std::string(kMetadataKey), metadata);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, x] = tensors[i];
    add(name, {{"dtype", kDTypes[static_cast<std::size_t>(x.dtype())].code},
               {"shape", std::vector<std::int64_t>(x.shape().begin(), x.shape().end())},
               {"data_offsets", {begins[i], begins[i] + io::byte_count(path, name, x.shape(), x.dtype())}}});
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

void check_saveable(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<std::string_view> names;
  std::size_t bytes = 0;
  for (const auto& [name, x] : tensors) {
    bytes += name.size();
    const std::string field = field_of(name, "name");
    if (!io::is_utf8(name)) io::fail(path, field, "not valid UTF-8");
    if (name.find('\0') != std::string::npos) io::fail(path, field, "a NUL");
    if (name == kMetadataKey) io::fail(path, field, "the format keeps this name for itself");
    if (!x.defined()) io::fail(path, field_of(name, "value"), "an undefined tensor");
    names.emplace_back(name);
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) io::fail(path, field_of(*twice, "name"), "given a second time");
  for (const auto& [key, value] : metadata) {
    if (!io::is_utf8(key) || !io::is_utf8(value)) {
      io::fail(path, fmt::format("{}: {}", kMetadataKey, io::in_quotes(key)), "not valid UTF-8");
    }
    bytes += key.size() + value.size() + kTextOverhead;
  }
  if (tensors.size() > kMostTensors)
    io::fail(path, "header", fmt::format("more than {} tensors", kMostTensors));
  if (bytes > kMostText) io::fail(path, "header", "more than 16 MiB of names and metadata");
}

}  // namespace

SafetensorsFile load_safetensors(const std::string& path) {
  io::InputFile file(path);
  const std::uint64_t length = read_header_length(file);
  std::string text(length, '\0');
  file.read(std::as_writable_bytes(std::span(text)), "header");
  HeaderReader header(path, text);
  header.read();
  text = {};

  const std::vector<const Entry*> order = in_file_order(file, header.entries);
  SafetensorsFile out;
  out.tensors.resize(header.entries.size());
  for (const Entry* entry : order) {
    const Tensor x = empty(entry->shape, entry->dtype, Device());
    file.read(io::bytes_of(x), field_of(entry->name, "data"));
    io::check_bools(path, field_of(entry->name, "data"), x);
    out.tensors[static_cast<std::size_t>(entry - header.entries.data())] = {entry->name, x};
  }
  out.metadata = std::move(header.metadata);
  return out;
}

void check_save_path(const std::string& path) { const io::AtomicFile file(path); }

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  check_saveable(path, tensors, metadata);
  // Wide elements first: then each tensor is aligned, since the data begin at a multiple of 8.
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{},
                           [&](std::size_t i) { return item_size(tensors[i].second.dtype()); });
  std::vector<std::uint64_t> begins(tensors.size());
  std::uint64_t position = 0;
  for (const std::size_t i : order) {
    begins[i] = position;
    const Tensor& x = tensors[i].second;
    position += static_cast<std::uint64_t>(x.size()) * item_size(x.dtype());
  }
  const std::string header = header_of(path, tensors, begins, metadata);
  const std::uint64_t length = header.size();

  const NoGrad no_grad;
  io::AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const std::size_t i : order) {
    file.write(io::bytes_of(ops::packed_on_host(tensors[i].second)));
  }
  file.commit();
}

}  // namespace tenon
