#include <tenon/creation.h>
#include <tenon/data/idx.h>
#include <tenon/ops.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <random>

#include "allocation_meter.h"
#include "gzip_bytes.h"
#include "idx_bytes.h"

namespace tenon::testing {
namespace {

constexpr std::size_t kAllowance = std::size_t{64} << 20;

struct TypeCase {
  int code;
  int bytes;
  std::vector<std::uint64_t> bits;
  Tensor expected;
};

std::vector<TypeCase> type_cases() {
  return {{0x08, 1, {0, 7, 255}, from_values<std::uint8_t>({0, 7, 255})},
          {0x09, 1, {0, 0x7F, 0x80}, from_values({0, 127, -128})},
          {0x0B, 2, {1, 0x7FFF, 0x8000}, from_values({1, 32767, -32768})},
          {0x0C, 4, {1, 0xFFFFFFFF, 0x80000000}, from_values({1, -1, INT32_MIN})},
          {0x0D, 4, {0x3F800000, 0xC0000000, 0x3E800000}, from_values({1.0F, -2.0F, 0.25F})},
          {0x0E, 8, {0x3FF0000000000000, 0xC000000000000000, 0}, from_values({1.0, -2.0, 0.0})}};
}

TEST(Idx, ReadsEveryTypePlainAndGzipped) {
  const TemporaryFolder folder;
  for (const TypeCase& row : type_cases()) {
    std::string elements;
    for (const std::uint64_t bits : row.bits) elements += big_endian(bits, row.bytes);
    const std::string bytes = idx(row.code, {3}, elements);
    // The name does not matter.
    EXPECT_TRUE(equal(load_idx(folder.write("plain.gz", bytes)), row.expected)) << row.code;
    EXPECT_TRUE(equal(load_idx(folder.write("packed", gzip(bytes))), row.expected)) << row.code;
  }
}

TEST(Idx, ReadsEveryRank) {
  const TemporaryFolder folder;
  const Tensor x = load_idx(folder.write("x", idx(0x08, {2, 3, 1}, {1, 2, 3, 4, 5, 6})));
  EXPECT_TRUE(equal(x, astype(reshape(arange(1, 7), {2, 3, 1}), DType::uint8)));
  EXPECT_EQ(load_idx(folder.write("x", idx(0x08, std::vector<std::uint32_t>(32, 1), "a"))).rank(), 32U);
  EXPECT_EQ(load_idx(folder.write("x", idx(0x08, {0, 28, 28}, ""))).shape(), (Shape{0, 28, 28}));
  EXPECT_EQ(load_idx(folder.write("x", gzip(idx(0x0E, {0}, "")))).shape(), Shape{0});
}

TEST(Idx, WidensLongNarrowElements) {
  const TemporaryFolder folder;
  std::string bytes;
  std::string shorts;
  std::vector<std::int32_t> expected_bytes;
  std::vector<std::int32_t> expected_shorts;
  for (int i = 0; i < 1000; ++i) {
    bytes += static_cast<char>(i * 7);
    expected_bytes.push_back(static_cast<std::int8_t>(i * 7));
    shorts += big_endian(static_cast<std::uint64_t>(i * 77), 2);
    expected_shorts.push_back(static_cast<std::int16_t>(i * 77));
  }
  const Shape shape = {1000};
  EXPECT_TRUE(
      equal(load_idx(folder.write("b", idx(0x09, {1000}, bytes))), from_values(expected_bytes, shape)));
  EXPECT_TRUE(
      equal(load_idx(folder.write("s", idx(0x0B, {1000}, shorts))), from_values(expected_shorts, shape)));
}

TEST(Idx, ReadsSeveralGzipMembers) {
  const TemporaryFolder folder;
  const std::string bytes = idx(0x08, {5}, "hello");
  const std::string path = folder.write(
      "x", gzip(bytes.substr(0, 3)) + gzip("") + gzip(bytes.substr(3, 7)) + gzip(bytes.substr(10)));
  EXPECT_TRUE(equal(load_idx(path), load_idx(folder.write("y", bytes))));
}

/// 65 MiB that gzip makes about a thirtieth of: one byte in 128 is a surprise.
std::string compressible_bytes() {
  std::string bytes(std::size_t{65} << 20, '\3');
  std::minstd_rand random(1);
  for (std::size_t i = 0; i < bytes.size(); i += 128) bytes[i] = static_cast<char>(random() >> 8);
  return bytes;
}

TEST(Idx, ReadsMoreThanItTakesOnTrust) {
  const TemporaryFolder folder;
  const std::string bytes = compressible_bytes();
  const Tensor x = load_idx(folder.write("x", gzip(idx(0x08, {65, 1 << 20}, bytes))));
  EXPECT_EQ(x.shape(), (Shape{65, 1 << 20}));
  EXPECT_EQ(std::memcmp(x.data<std::uint8_t>(), bytes.data(), bytes.size()), 0);
}

TEST(Idx, RefusesMalformedFiles) {
  const TemporaryFolder folder;
  const std::string good = idx(0x08, {2, 2}, "abcd");
  const std::string packed = gzip(good);
  std::string wrong_crc = packed;
  wrong_crc[wrong_crc.size() - 8] ^= 1;
  std::string wrong_length = packed;
  wrong_length[wrong_length.size() - 1] ^= 1;
  std::string wrong_block = packed;
  wrong_block[10] = '\x07';
  std::string deep = idx(0x08, std::vector<std::uint32_t>(33, 1), "a");
  struct Case {
    std::string bytes;
    std::string_view field;
  };
  const std::vector<Case> cases = {
      {"", "magic"},
      {"\x1F", "magic"},
      {"\x1F\x8B", "gzip"},
      {gzip(""), "magic"},
      {"GIF89a..........", "magic"},
      {std::string("\1\0\x08\1\0\0\0\0", 8), "magic"},
      {std::string("\0\1\x08\1\0\0\0\0", 8), "magic"},
      {idx(0x07, {4}, "abcd"), "magic"},
      {idx(0x0A, {4}, "abcd"), "magic"},
      {idx(0x0F, {4}, "abcd"), "magic"},
      {idx(0x08, {}, "a"), "rank"},
      {deep, "rank"},
      {gzip(deep), "rank"},
      {good + "e", "extents"},
      {idx(0x08, {2, 3}, "abcd"), "extents"},
      {idx(0x0E, {1}, "abcd"), "extents"},
      {idx(0x08, {0xFFFFFFFF, 0xFFFFFFFF}, "abcd"), "extents"},
      {idx(0x08, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "abcd"), "extents"},
      {idx(0x0E, {0xFFFFFFFF, 0x40000000}, "abcd"), "extents"},
      {idx(0x08, {0, 0xFFFFFFFF, 0xFFFFFFFF}, ""), "extents"},
      {idx(0x08, {1U << 31}, "abcd"), "extents"},
      {gzip(idx(0x08, {2, 3}, "abcd")), "elements"},
      {gzip(good + "e"), "more data"},
      {gzip(idx(0x08, {1U << 31}, "abcd")), "extents"},
      {gzip(idx(0x08, {1U << 25}, "abcd")), "elements"},
      {gzip(idx(0x08, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "abcd")), "extents"},
      {wrong_crc, "gzip"},
      {wrong_length, "gzip"},
      {wrong_block, "gzip"},
      {packed + "x", "gzip"},
      {packed + gzip("x"), "more data"},
      {packed + packed.substr(0, 5), "gzip"},
  };
  for (const Case& bad : cases) {
    const std::string path = folder.write("bad", bad.bytes);
    const AllocationMeter meter;
    expect_file_error([&] { load_idx(path); }, path, bad.field);
    EXPECT_LE(meter.peak(), bad.bytes.size() + kAllowance) << bad.field;
  }
}

TEST(Idx, RefusesWhatGzipMadeAHundredTimesSmallerIfItIsLarge) {
  const TemporaryFolder folder;
  const std::string bytes = gzip(idx(0x08, {65, 1 << 20}, std::string(std::size_t{65} << 20, '\3')));
  const std::string path = folder.write("bomb", bytes);
  const AllocationMeter meter;
  expect_file_error([&] { load_idx(path); }, path,
                    "extents: (65, 1048576) of 1 bytes each take 68157440 bytes");
  expect_file_error([&] { load_idx(path); }, path, "more than 100 times the");
  EXPECT_LE(meter.peak(), bytes.size() + (std::size_t{1} << 20));
}

TEST(Idx, ReadsWhatGzipMadeAHundredTimesSmallerIfItIsSmall) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x", gzip(idx(0x08, {1 << 20}, std::string(1 << 20, '\3'))));
  EXPECT_EQ(sum(load_idx(path)).item<std::int64_t>(), 3 << 20);
}

TEST(Idx, FindsMoreOrLessThanAnnouncedBeforeItTakesMemory) {
  const TemporaryFolder folder;
  const std::string held = compressible_bytes();
  const auto count = static_cast<std::uint32_t>(held.size());
  struct Case {
    std::uint32_t announced;
    std::string_view field;
  };
  for (const Case& lie : {Case{4, "more data"}, Case{count - 1, "more data"}, Case{count + 1, "elements"}}) {
    const std::string bytes = gzip(idx(0x08, {lie.announced}, held));
    const std::string path = folder.write("lie", bytes);
    const AllocationMeter meter;
    expect_file_error([&] { load_idx(path); }, path, lie.field);
    EXPECT_LE(meter.peak(), bytes.size() + (std::size_t{1} << 20)) << lie.announced;
  }
}

TEST(Idx, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  const std::string plain = idx(0x0D, {2, 2}, std::string(16, 'x'));
  for (const std::string& whole : {plain, gzip(plain)}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::string path = folder.write("cut", whole.substr(0, length));
      expect_file_error([&] { load_idx(path); }, path, ":");
    }
  }
}

TEST(Idx, ReadsRegularFilesOnly) {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_file_error([&] { load_idx(fifo); }, fifo, "FIFO");
  expect_file_error([&] { load_idx(folder.path()); }, folder.path().string(), "directory");
  expect_file_error([&] { load_idx(folder / "none"); }, folder / "none", "No such file");
}

}  // namespace
}  // namespace tenon::testing
