// Files that are no plugin: each is refused by its bytes or its mode alone, and the good one beside it still
// works.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <elf.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>
#include <set>

namespace tenon::plugin {
namespace {

namespace fs = std::filesystem;

struct BadFile {
  const char* title;
  const char* what;
  std::function<void(const fs::path&)> make;
};

std::string good_bytes() { return read_bytes(test_module("kGood")); }

/// Writes the good plugin with `field` of its ELF header changed.
template <typename T>
std::function<void(const fs::path&)> with_header(T Elf64_Ehdr::*field, T value) {
  return [=](const fs::path& path) {
    std::string bytes = good_bytes();
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.*field = value;
    std::memcpy(bytes.data(), &header, sizeof header);
    write_bytes(path, bytes);
  };
}

std::function<void(const fs::path&)> with_byte(std::size_t at, unsigned char value) {
  return [=](const fs::path& path) {
    std::string bytes = good_bytes();
    bytes[at] = static_cast<char>(value);
    write_bytes(path, bytes);
  };
}

/// Writes the good plugin, with a tail of zeros, with every segment of `type` changed.
std::function<void(const fs::path&)> with_segment(std::uint32_t type,
                                                  const std::function<void(Elf64_Phdr&)>& change) {
  return [=](const fs::path& path) {
    std::string bytes = good_bytes() + std::string(100000, '\0');
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment;
      char* const at = bytes.data() + header.e_phoff + i * sizeof segment;
      std::memcpy(&segment, at, sizeof segment);
      if (segment.p_type != type) continue;
      change(segment);
      std::memcpy(at, &segment, sizeof segment);
    }
    write_bytes(path, bytes);
  };
}

void bind_socket(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.string().size(), sizeof address.sun_path);
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(descriptor);
}

constexpr std::uint16_t kOtherMachine =
#if defined(__aarch64__)
    EM_X86_64;
#else
    EM_AARCH64;
#endif

const BadFile kBadFiles[] = {
    {"text", "is not an ELF file",
     [](const fs::path& path) {
       write_bytes(path, "#!/bin/sh\necho this is no plugin at all, only text\n");
     }},
    {"short_text", "is not an ELF file", [](const fs::path& path) { write_bytes(path, "x"); }},
    {"empty", "is empty", [](const fs::path& path) { write_bytes(path, ""); }},
    {"magic_only", "is cut short", [](const fs::path& path) { write_bytes(path, "\177ELF"); }},
    {"directory", "is a directory", [](const fs::path& path) { fs::create_directory(path); }},
    {"fifo", "is not a regular file",
     [](const fs::path& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0644), 0); }},
    {"socket", "cannot be read", bind_socket},
    {"device", "is not a regular file", [](const fs::path& path) { fs::create_symlink("/dev/null", path); }},
    {"world_writable", "can be written by everyone",
     [](const fs::path& path) {
       write_bytes(path, good_bytes());
       fs::permissions(path, fs::perms(0757));
     }},
    {"link_to_itself", "cannot be resolved",
     [](const fs::path& path) { fs::create_symlink(path.filename(), path); }},
    {"dangling_link", "cannot be resolved",
     [](const fs::path& path) { fs::create_symlink("nowhere", path); }},
    {"32_bit", "is not a 64-bit little-endian ELF file", with_byte(EI_CLASS, ELFCLASS32)},
    {"big_endian", "is not a 64-bit little-endian ELF file", with_byte(EI_DATA, ELFDATA2MSB)},
    {"elf_version", "has an unknown ELF version", with_byte(EI_VERSION, 9)},
    {"other_machine", "is built for ", with_header(&Elf64_Ehdr::e_machine, kOtherMachine)},
    {"unknown_machine", "is built for machine 9999,",
     with_header(&Elf64_Ehdr::e_machine, std::uint16_t{9999})},
    {"object_file", "is not a shared object", with_header(&Elf64_Ehdr::e_type, std::uint16_t{ET_REL})},
    {"no_segments", "has 0 program headers", with_header(&Elf64_Ehdr::e_phnum, std::uint16_t{0})},
    {"too_many_segments", "has 65535 program headers",
     with_header(&Elf64_Ehdr::e_phnum, std::uint16_t{65535})},
    {"segment_size", "program headers of 55 bytes", with_header(&Elf64_Ehdr::e_phentsize, std::uint16_t{55})},
    {"segments_outside", "is cut short", with_header(&Elf64_Ehdr::e_phoff, std::uint64_t{1} << 40)},
    {"segments_overflow", "is cut short", with_header(&Elf64_Ehdr::e_phoff, ~std::uint64_t{0} - 8)},
    {"section_overflow", "is cut short", with_header(&Elf64_Ehdr::e_shoff, ~std::uint64_t{0} - 8)},
    {"load_outside", "a segment lies beyond",
     with_segment(PT_LOAD, [](Elf64_Phdr& s) { s.p_filesz = s.p_memsz = std::uint64_t{1} << 50; })},
    {"load_overflow", "a segment lies beyond",
     with_segment(PT_LOAD, [](Elf64_Phdr& s) { s.p_offset = ~std::uint64_t{0} - s.p_filesz + 1; })},
    {"load_larger_than_memory", "larger in the file than in memory",
     with_segment(PT_LOAD, [](Elf64_Phdr& s) { s.p_memsz = s.p_filesz - 1; })},
    {"note_outside", "a segment lies beyond",
     with_segment(PT_NOTE, [](Elf64_Phdr& s) { s.p_offset = std::uint64_t{1} << 50; })},
    {"note_too_large", "has a note segment of 65537 bytes, more than 65536",
     with_segment(PT_NOTE, [](Elf64_Phdr& s) { s.p_filesz = 65537; })},
    {"no_passport", "carries no Tenon passport",
     [](const fs::path& path) { write_bytes(path, read_bytes(test_module("no_passport"))); }},
};

class FileGate : public testing::TestWithParam<BadFile> {};

TEST_P(FileGate, RefusesItInOneLineAndTheOthersWork) {
  const PluginDirectory directory;
  const fs::path good = directory.add("good", "kGood");
  const fs::path bad = directory.file("bad");
  GetParam().make(bad);
  ASSERT_EQ(directory.scan().size(), 2U);
  const fs::path named = std::string(GetParam().title) == "device" ? fs::path("/dev/null") : bad;
  const Candidate refused = directory.candidate(named);
  expect_reason(refused.reason, named, GetParam().what);
  EXPECT_EQ(refused.name, "bad");
  const Opened opened = open(refused, test_services());
  EXPECT_EQ(opened.plugin, nullptr);
  expect_reason(opened.reason, named, GetParam().what);

  const Candidate accepted = directory.candidate(good);
  EXPECT_EQ(accepted.reason, "");
  expect_negates(Running(accepted));
}

INSTANTIATE_TEST_SUITE_P(Files, FileGate, testing::ValuesIn(kBadFiles),
                         [](const auto& info) { return std::string(info.param.title); });

TEST(FileGateRules, RefusesAFileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const PluginDirectory directory;
  const fs::path file = directory.add("foreign", "kGood");
  ASSERT_EQ(::chown(file.c_str(), 4242, 4242), 0);
  expect_reason(directory.candidate(file).reason, file, "belongs to user 4242");
}

TEST(FileGateRules, RefusesAnUnreadableFile) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const PluginDirectory directory;
  const fs::path file = directory.add("secret", "kGood");
  fs::permissions(file, fs::perms(0000));
  expect_reason(directory.candidate(file).reason, file, "cannot be read");
}

TEST(FileGateRules, RefusesAPluginThatWasCutAnywhere) {
  const std::string whole = good_bytes();
  std::set<std::size_t> lengths = {whole.size() - 1, whole.size() / 2, 4096};
  for (std::size_t length = 1; length < 256; ++length) lengths.insert(length);
  std::mt19937_64 random(20240607);
  while (lengths.size() < 600) lengths.insert(random() % whole.size());
  lengths.erase(0);
  const PluginDirectory directory;
  const fs::path file = directory.file("cut");
  for (const std::size_t length : lengths) {
    write_bytes(file, whole.substr(0, length));
    const Candidate candidate = directory.candidate(file);
    expect_reason(candidate.reason, file, length < SELFMAG ? "is not an ELF file" : "is cut short");
    ASSERT_FALSE(HasFailure()) << "cut to " << length << " of " << whole.size() << " bytes";
  }
}

TEST(FileGateRules, JudgesTheFileAgainWhenItIsOpened) {
  const PluginDirectory directory;
  const fs::path file = directory.add("changed", "kGood");
  const Candidate candidate = directory.candidate(file);
  EXPECT_EQ(candidate.reason, "");
  write_bytes(file, good_bytes().substr(0, 5000));
  const Opened opened = open(candidate, test_services());
  EXPECT_EQ(opened.plugin, nullptr);
  expect_reason(opened.reason, file, "is cut short");
}

/// Changes the header, the program headers or the notes, one to eight bytes at a time, and judges the result.
TEST(FileGateRules, SurvivesThousandsOfDamagedHeadersAndNotes) {
  const std::string whole = good_bytes();
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof header);
  const std::size_t passport = passport_offset(whole);
  constexpr std::size_t note_start = offsetof(tenon_passport_note, passport);
  const struct {
    std::size_t start, size;
  } regions[] = {{0, sizeof header},
                 {header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)},
                 {passport - note_start, sizeof(tenon_passport_note)}};
  constexpr std::uint64_t extremes[] = {0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 1ULL << 63, ~0ULL, ~0ULL - 7};

  std::mt19937_64 random(1);
  const PluginDirectory directory;
  const fs::path file = directory.file("damaged");
  int refused = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = whole;
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      const auto& region = regions[random() % std::size(regions)];
      const std::size_t at = region.start + random() % region.size;
      if (random() % 2 == 0) {
        bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1U << random() % 8));
      } else {
        const std::uint64_t value =
            random() % 4 == 0 ? whole.size() - random() % 16 : extremes[random() % std::size(extremes)];
        std::memcpy(bytes.data() + at, &value,
                    std::min<std::size_t>(1ULL << random() % 4, whole.size() - at));
      }
    }
    write_bytes(file, bytes);
    const Candidate candidate = directory.candidate(file);
    if (candidate.reason.empty()) continue;
    ++refused;
    expect_reason(candidate.reason, file, "");
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_GT(refused, kRounds / 4);
  EXPECT_LT(refused, kRounds);
}

}  // namespace
}  // namespace tenon::plugin
