#include <tenon/creation.h>
#include <tenon/error.h>
#include <tenon/io/safetensors.h>
#include <tenon/ops.h>
#include <tenon/random.h>
#include <tenon/views.h>

#include <gtest/gtest.h>

#include "allocation_meter.h"
#include "temporary_folder.h"

namespace tenon::testing {
namespace {

constexpr std::size_t kAllowance = std::size_t{64} << 20;

std::string file_of(const std::string& header, const std::string& data = "") {
  return little_endian(header.size(), 8) + header + data;
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  std::string text = "\"";
  text += name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
  return text;
}

void expect_same(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, b[i].first);
    EXPECT_TRUE(equal(a[i].second, b[i].second)) << a[i].first;
  }
}

TEST(Safetensors, WritesTheFormat) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {{"flag", from_values({true})}, {"weight", from_values({1, -1})}},
                   {{"format", "pt"}});
  // Wide elements first in the data, the caller's order in the header; the header filled up to 8 bytes.
  std::string header = R"({"__metadata__":{"format":"pt"},)" + entry("flag", "BOOL", "[1]", "[8,9]") + "," +
                       entry("weight", "I32", "[2]", "[0,8]") + "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(read_file(folder / "m"),
            file_of(header, little_endian(1, 4) + little_endian(0xFFFFFFFF, 4) + '\1'));
}

TEST(Safetensors, RoundTripsDTypesShapesNamesAndOrder) {
  const TemporaryFolder folder;
  Generator generator(5);
  NamedTensors tensors;
  for (const DType dtype : {DType::uint8, DType::boolean, DType::float32, DType::float64, DType::bfloat16,
                            DType::int32, DType::int64}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{0, 2}, Shape{2, 3}, Shape(32, 1)}) {
      const std::string label = std::string(name(dtype)) + to_string(shape);
      tensors.emplace_back(label, astype(random_bits(shape, generator), dtype));
    }
  }
  tensors.emplace_back("view", transpose(reshape(arange(6), {2, 3})));
  tensors.emplace_back("", ones({1}));
  tensors.emplace_back("quote\" slash\\ \n \xC3\xA9 \xF0\x9F\x98\x80", zeros({2}));
  const Metadata metadata = {{"", "empty"}, {"epoch", "3"}, {"\xE2\x82\xAC", "\"\\\t"}};
  save_safetensors(folder / "m", tensors, metadata);
  const SafetensorsFile loaded = load_safetensors(folder / "m");
  expect_same(loaded.tensors, tensors);
  EXPECT_EQ(loaded.metadata, metadata);
}

TEST(Safetensors, NoTensors) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {});
  EXPECT_EQ(read_file(folder / "m"), file_of("{}      "));
  EXPECT_TRUE(load_safetensors(folder / "m").tensors.empty());
}

TEST(Safetensors, ReadsAnyOrderSpacingAndEscapes) {
  const TemporaryFolder folder;
  const std::string header =
      "{ \"b\" : {\"data_offsets\":[1 , 2],\"dtype\":\"U8\",\n\"shape\":[]},"
      R"("__metadata__":{"\u00e9\ud83d\ude00":"\/\b"},"\u0061\tc":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})"
      "   ";
  const SafetensorsFile loaded = load_safetensors(folder.write("m", file_of(header, "\5\6")));
  ASSERT_EQ(loaded.tensors.size(), 2U);
  EXPECT_EQ(loaded.tensors[0].first, "b");
  EXPECT_EQ(loaded.tensors[0].second.item<int>(), 6);
  EXPECT_EQ(loaded.tensors[1].first, "a\tc");
  EXPECT_EQ(loaded.tensors[1].second.item<int>(), 5);
  EXPECT_EQ(loaded.metadata, (Metadata{{"\xC3\xA9\xF0\x9F\x98\x80", "/\b"}}));
}

struct BadFile {
  std::string bytes;
  std::string_view field;
};

void expect_refused(const std::vector<BadFile>& cases) {
  const TemporaryFolder folder;
  for (const BadFile& bad : cases) {
    const std::string path = folder.write("bad.safetensors", bad.bytes);
    const AllocationMeter meter;
    expect_file_error([&] { load_safetensors(path); }, path, bad.field);
    EXPECT_LE(meter.peak(), bad.bytes.size() + kAllowance) << bad.field;
  }
}

TEST(Safetensors, RefusesMalformedHeaders) {
  const std::string good = entry("a", "U8", "[2]", "[0,2]");
  const auto with = [](const std::string& members) { return file_of("{" + members + "}", "12"); };
  const auto value = [&](const std::string& text) { return with("\"a\":" + text); };
  const auto named = [&](const std::string& name) { return with(entry(name, "U8", "[2]", "[0,2]")); };
  expect_refused({
      {"", "header length"},
      {"1234567", "header length"},
      {little_endian(~0ULL, 8) + "{}", "header length"},
      {little_endian(1ULL << 63, 8) + "{}", "header length"},
      {little_endian(3, 8) + "{}", "header length"},
      {file_of(""), "header"},
      {file_of(" {}"), "'{'"},
      {file_of("[]"), "'{'"},
      {file_of("{"), "header"},
      {file_of("{}{}"), "header"},
      {file_of("{},"), "header"},
      {file_of(std::string("{}\0", 3)), "header"},
      {file_of("{\"a\"}"), "header"},
      {file_of("{a:1}"), "header"},
      {file_of("{'a':1}"), "header"},
      {with(good + ","), "header"},
      {with(good + "," + good), "tensor \"a\": name"},
      {with(good + "," + entry("\\u0061", "U8", "[0]", "[2,2]")), "tensor \"a\": name"},
      {value("1"), "tensor \"a\""},
      {value("null"), "tensor \"a\""},
      {value("[]"), "tensor \"a\""},
      {value("{}"), "no \"dtype\""},
      {value(R"({"dtype":"U8","shape":[2]})"), "no \"data_offsets\""},
      {value(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":0})"), "\"x\""},
      {value(R"({"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]})"), "tensor \"a\": dtype"},
      {value(R"({"dtype":8,"shape":[2],"data_offsets":[0,2]})"), "tensor \"a\": dtype"},
      {value(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2])"), "header"},
      {with(entry("a", "F16", "[1]", "[0,2]")), "F16"},
      {with(entry("a", "u8", "[2]", "[0,2]")), "u8"},
      {with(entry("a", "U8", "2", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[-2]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[-2,-1]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[2.0]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[2e0]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[02]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[\"2\"]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[true]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[2,]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[[2]]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[18446744073709551618]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[9223372036854775808]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[4294967296,4294967296,2]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "F64", "[2305843009213693952]", "[0,2]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[0,4611686018427387904,4]", "[0,0]")), "tensor \"a\": shape"},
      {with(entry("a", "U8", "[2]", "[0]")), "tensor \"a\": data_offsets"},
      {with(entry("a", "U8", "[2]", "[0,2,4]")), "tensor \"a\": data_offsets"},
      {with(entry("a", "U8", "[2]", "[-1,1]")), "tensor \"a\": data_offsets"},
      {with(entry("a", "U8", "[2]", "[0.0,2]")), "tensor \"a\": data_offsets"},
      {with(entry("a", "U8", "[2]", "[0,1e400]")), "tensor \"a\": data_offsets"},
      {named("a\\u0000b"), "NUL"},
      {named("\xFF"), "UTF-8"},
      {named("\xC0\x80"), "UTF-8"},
      {named("\xED\xA0\x80"), "UTF-8"},
      {named("\xF4\x90\x80\x80"), "UTF-8"},
      {named("\xE2\x82"), "UTF-8"},
      {named("\\ud800"), "surrogate"},
      {named("\\udc00"), "surrogate"},
      {named("\\ud800\\u0041"), "surrogate"},
      {named("\\x41"), "escape"},
      {named("\\u12g4"), "hexadecimal"},
      {named("a\nb"), "does not end"},
      {file_of("{\"a"), "does not end"},
      {with(R"("__metadata__":{"k":1})"), "__metadata__"},
      {with(R"("__metadata__":{"k":"1","k":"2"})"), "duplicate"},
      {with(R"("__metadata__":{},"__metadata__":{})"), "second time"},
      {with(R"("__metadata__":"x")"), "__metadata__"},
  });
}

TEST(Safetensors, RefusesByteRangesThatLie) {
  const auto two = [](const std::string& first, const std::string& second, const std::string& data) {
    return file_of("{" + first + "," + second + "}", data);
  };
  expect_refused({
      {file_of("{" + entry("a", "U8", "[3]", "[0,2]") + "}", "12"), "tensor \"a\": data_offsets"},
      {file_of("{" + entry("a", "U8", "[2]", "[2,0]") + "}", "12"), "tensor \"a\": data_offsets"},
      {file_of("{" + entry("a", "F32", "[2]", "[0,2]") + "}", "12"), "tensor \"a\": data_offsets"},
      {file_of("{" + entry("a", "U8", "[0]", "[1,1]") + "}", "1"), "hole"},
      {file_of("{" + entry("a", "U8", "[2]", "[0,2]") + "}", "1"), "truncated"},
      {file_of("{" + entry("a", "U8", "[2]", "[0,2]") + "}", "123"), "1 bytes follow"},
      {file_of("{}", "1"), "1 bytes follow"},
      {file_of("{" + entry("a", "U8", "[1099511627776]", "[0,1099511627776]") + "}", "12"), "truncated"},
      {file_of("{" + entry("a", "U8", "[9223372036854775807]", "[0,9223372036854775807]") + "}", "12"),
       "truncated"},
      {two(entry("a", "U8", "[2]", "[0,2]"), entry("b", "U8", "[2]", "[1,3]"), "123"), "overlaps"},
      {two(entry("a", "U8", "[2]", "[0,2]"), entry("b", "U8", "[2]", "[0,2]"), "12"), "overlaps"},
      {two(entry("a", "U8", "[2]", "[0,2]"), entry("b", "U8", "[1]", "[3,4]"), "1234"), "hole"},
      {two(entry("a", "U8", "[2]", "[0,2]"), entry("b", "U8", "[0]", "[1,1]"), "12"), "overlaps"},
      {file_of("{" + entry("a", "BOOL", "[2]", "[0,2]") + "}", "\1\2"), "element 1"},
  });
}

TEST(Safetensors, StaysWithinItsAllowance) {
  const std::string huge(99'000'000, 'n');
  std::string escaped(99'000'000, 'n');
  for (std::size_t i = 0; i + 1 < escaped.size(); i += 100) escaped.replace(i, 2, "\\n");
  const std::string depth(4'000'000, '[');
  const std::string objects = [] {
    std::string text;
    for (int i = 0; i < 500'000; ++i) text += "{\"a\":";
    return text;
  }();
  std::string many = "{";
  for (int i = 0; i < 200'000; ++i) many += entry(std::to_string(i), "U8", "[0]", "[0,0]") + ",";
  many.back() = '}';
  std::string metadata = R"({"__metadata__":{)";
  for (int i = 0; i < 1'000'000; ++i) metadata += '"' + std::to_string(i) + R"(":"",)";
  metadata.back() = '}';
  expect_refused({
      {file_of(depth), "'{'"},
      {file_of("{\"a\":" + depth), "tensor \"a\""},
      {file_of("{\"a\":{\"dtype\":\"U8\",\"shape\":" + depth), "shape"},
      {file_of(objects), "tensor \"a\""},
      {file_of(many), "tensors"},
      {file_of(metadata + "}"), "16 MiB"},
      {file_of("{\"" + huge + "\":"), "more than 16777216 bytes"},
      {file_of("{\"" + escaped), "more than 16777216 bytes"},
      {file_of("{\"a\":{\"" + huge + "\":"), "more than 16777215 bytes"},
      {file_of("{\"a\":{\"dtype\":\"" + huge + "\""), "more than 16777215 bytes"},
      {file_of(R"({"__metadata__":{"a":")" + huge + "\""), "bytes"},
      {file_of("{\"a\":{\"dtype\":\"U8\",\"shape\":[" + std::string(40'000'000, '9')), "2^63"},
      {little_endian(100'000'001, 8) + "{" + std::string(100'000'000, ' '), "header length"},
  });
}

TEST(Safetensors, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  save_safetensors(folder / "m", {{"a", arange(3)}, {"b", from_values({true, false})}}, {{"k", "v"}});
  const std::string whole = read_file(folder / "m");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string path = folder.write("cut", whole.substr(0, length));
    expect_file_error([&] { load_safetensors(path); }, path, ":");
  }
}

TEST(Safetensors, RefusesToSaveWhatCouldNotBeRead) {
  const TemporaryFolder folder;
  const std::string path = folder / "m";
  const Tensor x = ones({1});
  const auto refuse = [&](const NamedTensors& tensors, const Metadata& metadata, std::string_view field) {
    expect_file_error([&] { save_safetensors(path, tensors, metadata); }, path, field);
  };
  refuse({{"a", x}, {"b", x}, {"a", x}}, {}, "tensor \"a\": name");
  refuse({{"__metadata__", x}}, {}, "__metadata__");
  refuse({{std::string("a\0", 2), x}}, {}, "NUL");
  refuse({{"\xFF", x}}, {}, "UTF-8");
  refuse({{"a", Tensor()}}, {}, "undefined");
  refuse({}, {{"k", "\xFF"}}, "UTF-8");
  refuse({{std::string(17'000'000, 'n'), x}}, {}, "16 MiB");
  NamedTensors many;
  for (int i = 0; i < 32'769; ++i) many.emplace_back(std::to_string(i), x);
  refuse(many, {}, "more than 32768 tensors");
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace tenon::testing
