#include "image_folder.h"

#include <fstream>
#include <random>

namespace tenon::test {
namespace {

constexpr std::uint32_t kSide = 6;
constexpr std::uint32_t kClasses = 3;

void write_subset(const std::string& prefix, std::uint32_t count, std::mt19937& random) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t label = random() % kClasses;
    labels.push_back(static_cast<std::uint8_t>(label));
    for (std::uint32_t row = 0; row < kSide; ++row) {
      for (std::uint32_t column = 0; column < kSide; ++column) {
        const std::uint32_t bright = row / 2 == label ? 150 : 20;
        pixels.push_back(static_cast<std::uint8_t>(bright + random() % 100));
      }
    }
  }
  write_idx(prefix + "-images-idx3-ubyte", {count, kSide, kSide}, pixels);
  write_idx(prefix + "-labels-idx1-ubyte", {count}, labels);
}

}  // namespace

void write_idx(const std::string& path, const std::vector<std::uint32_t>& extents,
               const std::vector<std::uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << '\0' << '\0' << '\x08' << static_cast<char>(extents.size());
  for (const std::uint32_t extent : extents) {
    for (int shift = 24; shift >= 0; shift -= 8) file << static_cast<char>(extent >> shift & 0xFF);
  }
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void write_image_folder(const std::string& folder) {
  std::mt19937 random(7);
  write_subset(folder + "/train", 320, random);
  write_subset(folder + "/t10k", 80, random);
}

}  // namespace tenon::test
