#include "opencl/binary_cache.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace tenon::opencl {
namespace {

/// FNV-1a, 64 bits.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char each : text) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001B3u;
  return hash;
}

/// How a file begins. The key's own length and hash of another kind guard against two keys of one name.
struct Header {
  std::array<char, 8> magic = {'T', 'e', 'n', 'o', 'n', 'C', 'L', '1'};
  std::uint64_t key_size = 0;
  std::uint64_t key_hash = 0;
  std::uint64_t binary_size = 0;
  std::uint64_t binary_hash = 0;

  Header(std::string_view key, std::string_view binary)
      : key_size(key.size()),
        key_hash(std::hash<std::string_view>{}(key)),
        binary_size(binary.size()),
        binary_hash(hash_of(binary)) {}
  bool operator==(const Header&) const = default;
};

std::filesystem::path variable(const char* name) {
  const char* const value = secure_getenv(name);
  return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}

}  // namespace

BinaryCache::BinaryCache() {
  const std::filesystem::path chosen = variable("TENON_OPENCL_CACHE");
  if (chosen == "0" || chosen == "off") return;
  if (chosen.is_absolute()) {
    folder_ = chosen;
  } else if (const auto cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) {
    folder_ = cache / "tenon" / "opencl";
  } else if (const auto home = variable("HOME"); home.is_absolute()) {
    folder_ = home / ".cache" / "tenon" / "opencl";
  }
}

std::filesystem::path BinaryCache::path_of(std::string_view key) const {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%016llx.bin", static_cast<unsigned long long>(hash_of(key)));
  return folder_ / name.data();
}

std::vector<unsigned char> BinaryCache::load(std::string_view key) const {
  if (!is_on()) return {};
  std::ifstream file(path_of(key), std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (content.size() <= sizeof(Header)) return {};
  const std::string_view binary = std::string_view(content).substr(sizeof(Header));
  Header found({}, {});
  std::memcpy(&found, content.data(), sizeof(found));
  if (found != Header(key, binary)) return {};
  return {binary.begin(), binary.end()};
}

void BinaryCache::store(std::string_view key, const std::vector<unsigned char>& binary) const {
  if (!is_on()) return;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  const std::filesystem::path path = path_of(key);
  // Complete or not there: whoever reads at the same time sees the old file or the new one.
  std::string unfinished = path.string() + ".XXXXXX";
  const int descriptor = mkstemp(unfinished.data());
  if (descriptor < 0) return;
  close(descriptor);
  std::ofstream file(unfinished, std::ios::binary);
  const auto* const bytes = reinterpret_cast<const char*>(binary.data());
  const Header header(key, {bytes, binary.size()});
  file.write(reinterpret_cast<const char*>(&header), sizeof(header));
  file.write(bytes, static_cast<std::streamsize>(binary.size()));
  file.close();
  if (file) std::filesystem::rename(unfinished, path, ignored);
  if (!file || ignored) std::filesystem::remove(unfinished, ignored);
}

}  // namespace tenon::opencl
