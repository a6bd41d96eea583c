#include "picture.h"

#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "console.h"

namespace tenon::tool {
namespace {

// Mean levels of square patches of pixels, as many as fit into `columns`.
class Patches {
 public:
  Patches(const Tensor& image, std::size_t columns)
      : pixels_(image.to_vector<std::uint8_t>()),
        height_(static_cast<std::size_t>(image.size(0))),
        width_(static_cast<std::size_t>(image.size(1))),
        side_((width_ + columns - 1) / columns) {}

  [[nodiscard]] std::size_t rows() const { return (height_ + side_ - 1) / side_; }
  [[nodiscard]] std::size_t columns() const { return (width_ + side_ - 1) / side_; }
  /// In [0, 255]; 0 below the last row.
  [[nodiscard]] int operator()(std::size_t row, std::size_t column) const {
    std::size_t sum = 0;
    std::size_t count = 0;
    for (std::size_t y = row * side_; y < std::min(height_, (row + 1) * side_); ++y) {
      for (std::size_t x = column * side_; x < std::min(width_, (column + 1) * side_); ++x) {
        sum += pixels_[y * width_ + x];
        ++count;
      }
    }
    return count == 0 ? 0 : static_cast<int>(sum / count);
  }

 private:
  std::vector<std::uint8_t> pixels_;
  std::size_t height_;
  std::size_t width_;
  std::size_t side_;
};

bool has_true_colour() {
  const char* value = std::getenv("COLORTERM");
  const std::string_view text = value == nullptr ? "" : value;
  return text == "truecolor" || text == "24bit";
}

// The middle of an SGR sequence that sets a grey: "8;2;r;g;b", or one of the 24 greys of the 256 colours.
std::string grey(int level, bool true_colour) {
  return true_colour ? fmt::format("8;2;{0};{0};{0}", level) : fmt::format("8;5;{}", 232 + level * 23 / 255);
}

// Two patches, one above the other, to a character: its foreground is the upper half.
std::string half_blocks(const Patches& patches) {
  const bool true_colour = has_true_colour();
  std::string text;
  for (std::size_t row = 0; row < patches.rows(); row += 2) {
    for (std::size_t column = 0; column < patches.columns(); ++column) {
      text += fmt::format("\x1b[3{};4{}m\u2580", grey(patches(row, column), true_colour),
                          grey(patches(row + 1, column), true_colour));
    }
    text += "\x1b[0m\n";
  }
  return text;
}

std::string ascii_ramp(const Patches& patches) {
  constexpr std::string_view kRamp = " .:-=+*#%@";
  std::string text;
  for (std::size_t row = 0; row < patches.rows(); row += 2) {
    std::string line;
    for (std::size_t column = 0; column < patches.columns(); ++column) {
      const int level = (patches(row, column) + patches(row + 1, column)) / 2;
      line += kRamp[static_cast<std::size_t>(level) * kRamp.size() / 256];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string picture(const Tensor& image, std::FILE* stream) {
  constexpr std::size_t kWidest = 64;
  const Patches patches(image, std::min(kWidest, is_terminal(stream) ? columns(stream) : kWidest));
  return is_colourful(stream) ? half_blocks(patches) : ascii_ramp(patches);
}

}  // namespace tenon::tool
