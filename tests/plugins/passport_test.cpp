// Passports: what is read from a good one, and every way in which one is refused.
#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace tenon::plugin {
namespace {

namespace fs = std::filesystem;

TEST(Passport, IsReadWithoutOpeningThePlugin) {
  const PluginDirectory directory;
  const fs::path file = directory.add("anything", "kGood");
  const Candidate candidate = directory.candidate(file);
  EXPECT_EQ(candidate.reason, "");
  EXPECT_EQ(candidate.path, file);
  EXPECT_EQ(candidate.name, "test");
  EXPECT_EQ(candidate.version, "1.2.3");
  EXPECT_EQ(candidate.library, "test library");
  EXPECT_EQ(candidate.driver, "");
  EXPECT_EQ(candidate.score_ceiling, 7);
}

TEST(Passport, MayBeOfANewerMinor) {
  const PluginDirectory directory;
  const fs::path file = directory.add("newer", "kGood");
  patch_passport(file, [](tenon_passport& p) { p.abi_minor = 65535; });
  EXPECT_EQ(directory.candidate(file).reason, "");
}

TEST(Passport, MayNeedCpuFeaturesThatArePresent) {
  std::string line = read_bytes("/proc/cpuinfo");
  const std::size_t at = std::min(line.find("\nflags"), line.find("\nFeatures"));
  if (at == std::string::npos) GTEST_SKIP() << "/proc/cpuinfo lists no features";
  const std::size_t first = line.find_first_not_of(' ', line.find(':', at) + 1);
  const std::string feature = line.substr(first, line.find_first_of(" \n", first) - first);
  const PluginDirectory directory;
  const fs::path file = directory.add("feature", "kGood");
  patch_passport(file, [&](tenon_passport& p) { (feature + "," + feature).copy(p.cpu_features, 63); });
  EXPECT_EQ(directory.candidate(file).reason, "");
}

/// The version in abi.h, whose minor grows.
const std::string kThisVersion = std::to_string(TENON_ABI_MAJOR) + "." + std::to_string(TENON_ABI_MINOR);

struct BadPassport {
  const char* title;
  std::string what;
  void (*patch)(tenon_passport&);
};

const BadPassport kBadPassports[] = {
    {"magic", "wrong magic number", [](tenon_passport& p) { p.magic ^= 1U; }},
    {"newer_major",
     "is built for plugin ABI 2.3, this Tenon has " + kThisVersion + "; upgrade Tenon, or rebuild the plugin",
     [](tenon_passport& p) {
       p.abi_major = 2;
       p.abi_minor = 3;
     }},
    {"older_major", "is built for plugin ABI 0.9, this Tenon has " + kThisVersion + "; rebuild the plugin",
     [](tenon_passport& p) {
       p.abi_major = 0;
       p.abi_minor = 9;
     }},
    {"newer_major_of_another_size", "is built for plugin ABI 2.0",
     [](tenon_passport& p) {
       p.abi_major = 2;
       p.abi_minor = 0;
       p.struct_size = 16;
     }},
    {"too_small", "struct_size 275 of 276 bytes", [](tenon_passport& p) { p.struct_size = 275; }},
    {"larger_than_the_note", "struct_size 277 of 276 bytes", [](tenon_passport& p) { p.struct_size = 277; }},
    {"fingerprint", "fingerprint differs", [](tenon_passport& p) { p.fingerprint += 1; }},
    {"name_without_end", "name has no end", [](tenon_passport& p) { std::memset(p.name, 'a', 32); }},
    {"version_without_end", "version has no end", [](tenon_passport& p) { std::memset(p.version, '1', 32); }},
    {"library_without_end", "library has no end", [](tenon_passport& p) { std::memset(p.library, 'l', 64); }},
    {"features_without_end", "cpu_features has no end",
     [](tenon_passport& p) { std::memset(p.cpu_features, 'f', 64); }},
    {"driver_without_end", "driver has no end", [](tenon_passport& p) { std::memset(p.driver, 'd', 64); }},
    {"control_characters", "version has control characters",
     [](tenon_passport& p) { std::strcpy(p.version, "1.0\n\x1B[2J"); }},
    {"name_empty", "calls itself ''", [](tenon_passport& p) { p.name[0] = '\0'; }},
    {"name_upper_case", "calls itself 'Blas'", [](tenon_passport& p) { std::strcpy(p.name, "Blas"); }},
    {"name_starts_with_digit", "calls itself '3d'", [](tenon_passport& p) { std::strcpy(p.name, "3d"); }},
    {"name_with_comma", "calls itself 'a,b'", [](tenon_passport& p) { std::strcpy(p.name, "a,b"); }},
    {"ceiling_zero", "score ceiling of 0", [](tenon_passport& p) { p.score_ceiling = 0; }},
    {"cpu_feature_missing", "lacks: quantum9, fma99;",
     [](tenon_passport& p) { std::strcpy(p.cpu_features, "quantum9,fma99"); }},
    {"driver_by_path", "names the driver by a path",
     [](tenon_passport& p) { std::strcpy(p.driver, "./libdriver.so"); }},
};

class PassportGate : public testing::TestWithParam<BadPassport> {};

TEST_P(PassportGate, RefusesItInOneLineAndTheOthersWork) {
  const PluginDirectory directory;
  const fs::path good = directory.add("good", "kGood");
  const fs::path bad = directory.add("bad", "kGood");
  patch_passport(bad, GetParam().patch);
  const Candidate refused = directory.candidate(bad);
  expect_reason(refused.reason, bad, GetParam().what);
  EXPECT_EQ(refused.name, "bad");
  EXPECT_EQ(open(refused, test_services()).plugin, nullptr);
  expect_negates(Running(directory.candidate(good)));
}

INSTANTIATE_TEST_SUITE_P(Passports, PassportGate, testing::ValuesIn(kBadPassports),
                         [](const auto& info) { return std::string(info.param.title); });

}  // namespace
}  // namespace tenon::plugin
