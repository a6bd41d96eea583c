#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/io/npy.h>
#include <tenon/ops.h>
#include <tenon/random.h>
#include <tenon/views.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "allocation_meter.h"
#include "temporary_folder.h"

namespace tenon::testing {
namespace {

const std::string kMagic = "\x93NUMPY";

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  return kMagic + static_cast<char>(version) + '\0' + little_endian(header.size(), version == 1 ? 2 : 4) +
         header + data;
}

std::string dict(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

TEST(Npy, WritesTheBytesThatNumPyWrites) {
  const TemporaryFolder folder;
  save_npy(folder / "a.npy", astype(reshape(arange(6), {2, 3}), DType::float32));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.append(117 - header.size(), ' ').push_back('\n');
  std::string data;
  for (const std::uint32_t bits : {0x0U, 0x3F800000U, 0x40000000U, 0x40400000U, 0x40800000U, 0x40A00000U}) {
    data += little_endian(bits, 4);
  }
  EXPECT_EQ(read_file(folder / "a.npy"), npy(header, data));
}

TEST(Npy, RoundTripsEveryDTypeAndRank) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.npy";
  Generator generator(3);
  for (const DType dtype :
       {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
    for (const Shape& shape :
         {Shape{}, Shape{1}, Shape{7}, Shape{0}, Shape{2, 3}, Shape{3, 0, 2}, Shape{2, 3, 4}, Shape(32, 1)}) {
      const Tensor x = astype(random_bits(shape, generator), dtype);
      save_npy(path, x);
      EXPECT_TRUE(equal(load_npy(path), x)) << name(dtype) << to_string(shape);
      EXPECT_EQ((read_file(path).size() - static_cast<std::size_t>(x.size()) * item_size(dtype)) % 64, 0U);
    }
  }
}

TEST(Npy, SavesViewsInRowMajorOrder) {
  const TemporaryFolder folder;
  const Tensor x = transpose(reshape(arange(6), {2, 3}));
  save_npy(folder / "x.npy", x);
  EXPECT_TRUE(equal(load_npy(folder / "x.npy"), x));
  EXPECT_TRUE(load_npy(folder / "x.npy").is_contiguous());
}

TEST(Npy, HasNoBfloat16) {
  const TemporaryFolder folder;
  EXPECT_THROW(save_npy(folder / "x.npy", zeros({2}, DType::bfloat16)), DTypeError);
  EXPECT_TRUE(folder.names().empty());
}

TEST(Npy, ReadsEveryVersionByteOrderAndLayout) {
  const TemporaryFolder folder;
  const std::string little = little_endian(1, 4) + little_endian(2, 4) + little_endian(0xFFFFFFFF, 4);
  const Tensor expected = from_values({1, 2, -1});
  for (const int version : {1, 2, 3}) {
    const std::string path = folder.write("v.npy", npy(dict("<i4", "(3,)"), little, version));
    EXPECT_TRUE(equal(load_npy(path), expected));
  }
  const std::string big = big_endian(1, 4) + big_endian(2, 4) + big_endian(0xFFFFFFFF, 4);
  EXPECT_TRUE(equal(load_npy(folder.write("b.npy", npy(dict(">i4", "(3,)"), big))), expected));
  EXPECT_TRUE(equal(load_npy(folder.write("n.npy", npy(dict("=i4", "(3,)"), little))), expected));

  // [[0, 1, 2], [3, 4, 5]], columns first.
  const std::string path = folder.write("f.npy", npy(dict("|u1", "(2, 3)", "True"), {0, 3, 1, 4, 2, 5}));
  EXPECT_TRUE(equal(load_npy(path), astype(reshape(arange(6), {2, 3}), DType::uint8)));
  EXPECT_TRUE(load_npy(path).is_contiguous());
  EXPECT_EQ(load_npy(folder.write("s.npy", npy(dict("<f8", "()"), std::string(8, '\0')))).rank(), 0U);
}

TEST(Npy, AcceptsAnyOrderOfKeysAndSpacing) {
  const TemporaryFolder folder;
  const std::string header = R"( {"shape":( 2 , ),'fortran_order' :False, 'descr':"|b1"}   )";
  EXPECT_TRUE(equal(load_npy(folder.write("x.npy", npy(header, {1, 0}))), from_values({true, false})));
}

TEST(Npy, RefusesWhatItDoesNotUnderstand) {
  const TemporaryFolder folder;
  const std::string four(4, '\0');
  const std::string good = dict("|u1", "(4,)");
  struct Case {
    std::string bytes;
    std::string_view field;
  };
  const std::vector<Case> cases = {
      {"", "magic"},
      {std::string(64, 'x'), "magic"},
      {kMagic + '\4' + '\0' + npy(good, four).substr(8), "version"},
      {kMagic + '\1' + '\1' + npy(good, four).substr(8), "version"},
      {kMagic + '\1' + '\0' + little_endian(60000, 2) + good, "header length"},
      {kMagic + '\2' + '\0' + little_endian(0xFFFFFFFF, 4) + good, "header length"},
      {npy("", four), "header"},
      {npy("[]", four), "header"},
      {npy("{}", four), "no 'descr'"},
      {npy(good + "x", four), "header"},
      {npy("{'descr': '|u1', 'shape': (4,)}", four), "no 'fortran_order'"},
      {npy("{'descr': '|u1' 'fortran_order': False, 'shape': (4,)}", four), "header"},
      {npy("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (4,)}", four), "'descr'"},
      {npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), 'more': 1}", four), "more"},
      {npy("{'descr': '|u1, 'fortran_order': False, 'shape': (4,)}", four), "descr"},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", four), "structured"},
      {npy(dict("<f2", "(2,)"), four), "<f2"},
      {npy(dict("<V2", "(2,)"), four), "<V2"},
      {npy(dict("|O", "(4,)"), four), "|O"},
      {npy(dict("|f4", "(1,)"), four), "|f4"},
      {npy(dict("f4", "(1,)"), four), "descr"},
      {npy(dict("", "(1,)"), four), "descr"},
      {npy(dict("|u1", "(4,)", "false"), four), "fortran_order"},
      {npy(dict("|u1", "4"), four), "shape"},
      {npy(dict("|u1", "(4)"), four), "shape"},
      {npy(dict("|u1", "(,)"), four), "shape"},
      {npy(dict("|u1", "(2 2)"), four), "shape"},
      {npy(dict("|u1", "(-4,)"), four), "shape"},
      {npy(dict("|u1", "(-4, -1)"), four), "shape"},
      {npy(dict("|u1", "(4.0,)"), four), "shape"},
      {npy(dict("|u1", "(4e0,)"), four), "shape"},
      {npy(dict("|u1", "(04,)"), four), "shape"},
      {npy(dict("|u1", "(4"), four), "shape"},
      {npy(dict("|u1", "(9223372036854775808,)"), four), "shape"},
      {npy(dict("|u1", "(99999999999999999999999,)"), four), "shape"},
      {npy(dict("<f8", "(4611686018427387904, 4)"), four), "shape"},
      {npy(dict("<f8", "(0, 4611686018427387904, 4)"), ""), "shape"},
      {npy(dict("|u1", "(4294967296, 4294967296)"), four), "shape"},
      {npy(dict("|u1", "(5,)"), four), "shape"},
      {npy(dict("|u1", "(3,)"), four), "shape"},
      {npy(dict("|u1", "(1000000000000,)"), four), "shape"},
      {npy(dict("|u1", "(" + std::string(66, '1').replace(1, 1, ",") + ")"), four), "shape"},
      {npy(dict("|b1", "(4,)"), {1, 0, 2, 1}), "element 2"},
  };
  for (const Case& bad : cases) {
    const std::string path = folder.write("bad.npy", bad.bytes);
    const AllocationMeter meter;
    expect_file_error([&] { load_npy(path); }, path, bad.field);
    EXPECT_LT(meter.peak(), std::size_t{1} << 20) << bad.field;
  }
  std::string deep = "(";
  for (int i = 0; i < 33; ++i) deep += "1, ";
  const std::string path = folder.write("deep.npy", npy(dict("|u1", deep + ")"), {1}));
  expect_file_error([&] { load_npy(path); }, path, "rank");
}

TEST(Npy, RefusesEveryTruncationAndOneByteMore) {
  const TemporaryFolder folder;
  const std::string whole = npy(dict("<i4", "(3,)"), std::string(12, '\1'));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string path = folder.write("cut.npy", whole.substr(0, length));
    expect_file_error([&] { load_npy(path); }, path, ":");
  }
  const std::string path = folder.write("long.npy", whole + '\0');
  expect_file_error([&] { load_npy(path); }, path, "shape");
}

TEST(Npy, ReadsRegularFilesOnly) {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_file_error([&] { load_npy(fifo); }, fifo, "FIFO");
  expect_file_error([&] { load_npy(folder.path()); }, folder.path().string(), "directory");
  expect_file_error([&] { load_npy("/dev/zero"); }, "/dev/zero", "device");
  expect_file_error([&] { load_npy(folder / "none"); }, folder / "none", "No such file");
  EXPECT_THROW(load_npy(std::string("a\0b", 3)), FileError);
  EXPECT_THROW(load_npy(""), FileError);
}

}  // namespace
}  // namespace tenon::testing
