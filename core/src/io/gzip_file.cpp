#include "io/gzip_file.h"

#include <tenon/error.h>

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace tenon::io {

class GzipFile::Inflater {
 public:
  explicit Inflater(InputFile& file) : file_(file), input_(kInputBytes) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw OutOfMemory("zlib found no memory to inflate with");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Fills `bytes` as far as there is data; returns how much.
  std::size_t read(std::span<std::byte> bytes, std::string_view field) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      if (stream_.avail_in == 0 && file_.remaining() > 0) refill(field);
      if (between_members_) {
        if (stream_.avail_in == 0) break;
        inflateReset(&stream_);
        between_members_ = false;
      }
      if (stream_.avail_in == 0) fail(file_.path(), field, "the gzip stream is truncated");
      const auto wanted = std::min<std::size_t>(bytes.size() - done, std::numeric_limits<uInt>::max());
      stream_.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
      stream_.avail_out = static_cast<uInt>(wanted);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      done += wanted - stream_.avail_out;
      if (status == Z_STREAM_END) {
        between_members_ = true;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        fail(file_.path(), field,
             fmt::format("the gzip stream is damaged: {}",
                         stream_.msg != nullptr ? stream_.msg : zError(status)));
      }
    }
    return done;
  }

  void rewind() {
    inflateReset(&stream_);
    stream_.avail_in = 0;
    between_members_ = false;
  }

 private:
  static constexpr std::size_t kInputBytes = std::size_t{1} << 16;

  void refill(std::string_view field) {
    const auto count = std::min<std::uint64_t>(file_.remaining(), input_.size());
    file_.read(std::span(input_).first(count), field);
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(count);
  }

  InputFile& file_;
  std::vector<std::byte> input_;
  z_stream stream_{};
  bool between_members_ = false;
};

GzipFile::GzipFile(const std::string& path) : file_(path) {
  std::array<std::byte, 2> start{};
  if (file_.size() < start.size()) return;
  file_.read(start, "magic");
  file_.rewind();
  if (start == std::array{std::byte{0x1F}, std::byte{0x8B}}) inflater_ = std::make_unique<Inflater>(file_);
}

GzipFile::~GzipFile() = default;

void GzipFile::read(std::span<std::byte> bytes, std::string_view field) {
  if (inflater_ == nullptr) {
    file_.read(bytes, field);
    return;
  }
  const std::size_t got = inflater_->read(bytes, field);
  if (got < bytes.size()) {
    fail(path(), field, fmt::format("{} bytes are needed and the stream inflates to {}", bytes.size(), got));
  }
}

void GzipFile::skip(std::uint64_t count, std::string_view field) {
  std::vector<std::byte> scratch(std::min<std::uint64_t>(count, std::uint64_t{1} << 16));
  for (std::uint64_t left = count; left > 0;) {
    const std::uint64_t part = std::min<std::uint64_t>(left, scratch.size());
    read(std::span(scratch).first(part), field);
    left -= part;
  }
}

void GzipFile::expect_end(std::string_view field) {
  std::byte extra{};
  const bool more =
      inflater_ == nullptr ? file_.remaining() > 0 : inflater_->read(std::span(&extra, 1), field) > 0;
  if (more) fail(path(), field, "there are more data than the header says");
}

void GzipFile::rewind() {
  file_.rewind();
  if (inflater_ != nullptr) inflater_->rewind();
}

}  // namespace tenon::io
