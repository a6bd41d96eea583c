// Damaged files: a reader returns or throws FileError, and takes no more memory than it may.
#include <tenon/creation.h>
#include <tenon/data/idx.h>
#include <tenon/error.h>
#include <tenon/io/npy.h>
#include <tenon/io/safetensors.h>
#include <tenon/ops.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "allocation_meter.h"
#include "gzip_bytes.h"
#include "temporary_folder.h"

namespace tenon::testing {
namespace {

constexpr int kMutations = 4000;
constexpr std::size_t kAllowance = std::size_t{64} << 20;

/// Changes a few places of a file, with a taste for what breaks parsers.
class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : engine_(seed) {}

  std::string operator()(std::string bytes) {
    const std::size_t changes = 1 + below(4);
    for (std::size_t i = 0; i < changes; ++i) change(bytes);
    return bytes;
  }

 private:
  // The standard does not say what its distributions return; this is the same everywhere.
  std::size_t below(std::size_t bound) { return engine_() % bound; }

  void change(std::string& bytes) {
    static const std::vector<std::string> kTokens = {"-1",
                                                     "0",
                                                     "1e9",
                                                     "9223372036854775807",
                                                     "9223372036854775808",
                                                     "18446744073709551616",
                                                     "{",
                                                     "}",
                                                     "[",
                                                     "]",
                                                     "(",
                                                     ")",
                                                     ",",
                                                     ":",
                                                     "\"",
                                                     "'",
                                                     "\\u0000",
                                                     "\\ud800",
                                                     "\xFF",
                                                     std::string(4, '\xFF'),
                                                     std::string(8, '\0'),
                                                     std::string(8, '\xFF'),
                                                     "\x7F\xFF\xFF\xFF",
                                                     "F64",
                                                     "BOOL",
                                                     "True",
                                                     ">f8",
                                                     "|b1"};
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t length = std::min(1 + below(8), bytes.size() - at);
    const std::string& token = kTokens[below(kTokens.size())];
    switch (below(7)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(bytes.size() + 1), length));
        break;
      case 4:
        bytes.insert(at, token);
        break;
      case 5:
        bytes.replace(at, std::min(token.size(), bytes.size() - at), token);
        break;
      default:
        if (below(8) == 0) bytes.resize(at);
        break;
    }
  }

  std::mt19937 engine_;
};

/// Reads damaged copies of `whole`, which itself must be readable.
void read_mutations(const std::string& whole, const std::function<void(const std::string&)>& read) {
  const TemporaryFolder folder;
  ASSERT_NO_THROW(read(folder.write("whole", whole)));
  Mutator mutate(2024);
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string bytes = mutate(whole);
    const std::string path = folder.write("mutation", bytes);
    const AllocationMeter meter;
    try {
      read(path);
    } catch (const FileError& error) {
      ++refused;
      EXPECT_TRUE(std::string_view(error.what()).starts_with(path)) << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "mutation " << i << " threw another error: " << error.what();
    }
    EXPECT_LE(meter.peak(), bytes.size() + kAllowance) << "mutation " << i;
  }
  EXPECT_GT(refused, kMutations / 4);
  EXPECT_LT(refused, kMutations);
}

std::string saved_safetensors() {
  const TemporaryFolder folder;
  save_safetensors(folder / "x",
                   {{"weight", ones({2, 3})},
                    {"flag", from_values({true, false, true})},
                    {"empty", zeros({0, 2}, DType::int64)},
                    {"\xC3\xA9\"", zeros({2}, DType::bfloat16)}},
                   {{"format", "pt"}, {"note", "\n"}});
  return read_file(folder / "x");
}

std::string saved_npy() {
  const TemporaryFolder folder;
  save_npy(folder / "x", reshape(arange(6), {2, 3}));
  std::string bytes = read_file(folder / "x");
  // Without the filling, most mutations hit something that matters.
  const std::size_t end = bytes.find('}') + 1;
  bytes.erase(end, bytes.find('\n') - end);
  bytes[8] = static_cast<char>(bytes.find('\n') - 9);
  return bytes;
}

std::string idx_bytes(int type, std::size_t item_size) {
  std::string bytes = {0, 0, static_cast<char>(type), 2, 0, 0, 0, 2, 0, 0, 0, 3};
  return bytes.append(6 * item_size, 'x');
}

TEST(FileMutations, Safetensors) {
  read_mutations(saved_safetensors(), [](const std::string& path) { load_safetensors(path); });
}

TEST(FileMutations, Npy) {
  read_mutations(saved_npy(), [](const std::string& path) { load_npy(path); });
}

TEST(FileMutations, Idx) {
  read_mutations(idx_bytes(0x08, 1), [](const std::string& path) { load_idx(path); });
  read_mutations(idx_bytes(0x0E, 8), [](const std::string& path) { load_idx(path); });
}

TEST(FileMutations, GzippedIdx) {
  read_mutations(gzip(idx_bytes(0x0B, 2)), [](const std::string& path) { load_idx(path); });
}

TEST(FileMutations, MutatedIdxInsideOfGzip) {
  const TemporaryFolder folder;
  read_mutations(idx_bytes(0x0B, 2), [&](const std::string& path) {
    try {
      load_idx(folder.write("packed", gzip(read_file(path))));
    } catch (const FileError& error) {
      throw FileError(path + error.what());
    }
  });
}

}  // namespace
}  // namespace tenon::testing
