#include "passport.h"

#include "abi_1_0.h"
#include "refusal.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace tenon::plugin {

namespace {

constexpr const char* kRebuild = "rebuild the plugin";

std::string version_text(unsigned major, unsigned minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

// Every major agrees on these first fields; the others make sense only once the major is known to be ours.
void check_version(const tenon_passport& passport) {
  if (passport.magic != TENON_PASSPORT_MAGIC) {
    throw Refusal{"has a damaged passport (wrong magic number)", kRebuild};
  }
  if (passport.abi_major != TENON_ABI_MAJOR) {
    throw Refusal{
        "is built for plugin ABI " + version_text(passport.abi_major, passport.abi_minor) +
            ", this Tenon has " + version_text(TENON_ABI_MAJOR, TENON_ABI_MINOR),
        passport.abi_major > TENON_ABI_MAJOR ? "upgrade Tenon, or rebuild the plugin" : "rebuild the plugin"};
  }
}

template <std::size_t N>
void check_text(const char (&text)[N], const char* field) {
  const char* const end = std::find(text, text + N, '\0');
  if (end == text + N) {
    throw Refusal{std::string("has a damaged passport (") + field + " has no end)", kRebuild};
  }
  if (std::any_of(text, end, [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    throw Refusal{std::string("has a damaged passport (") + field + " has control characters)", kRebuild};
  }
}

bool is_backend_name(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && is_lower(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void check_fields(const tenon_passport& passport) {
  if (passport.fingerprint != TENON_FINGERPRINT) {
    throw Refusal{"lays out the ABI's structs in another way (fingerprint differs)",
                  "rebuild the plugin with this Tenon's abi.h and without packing options"};
  }
  check_text(passport.name, "name");
  check_text(passport.version, "version");
  check_text(passport.library, "library");
  check_text(passport.cpu_features, "cpu_features");
  check_text(passport.driver, "driver");
  if (!is_backend_name(passport.name)) {
    throw Refusal{std::string("calls itself '") + passport.name + "'",
                  "name the backend by [a-z][a-z0-9_-]* in TENON_EXPORT_BACKEND"};
  }
  if (passport.score_ceiling <= 0) {
    throw Refusal{"has a score ceiling of " + std::to_string(passport.score_ceiling),
                  "give a positive one in TENON_EXPORT_BACKEND"};
  }
  // A path would be looked up from the working directory.
  if (std::strchr(passport.driver, '/') != nullptr) {
    throw Refusal{std::string("names the driver by a path, '") + passport.driver + "'",
                  "give its file name alone in TENON_EXPORT_BACKEND"};
  }
}

/// The words of /proc/cpuinfo's first "flags" (x86) or "Features" (Arm) line.
std::set<std::string, std::less<>> read_cpu_features() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::set<std::string, std::less<>> features;
  for (std::string line; features.empty() && std::getline(cpuinfo, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(std::min(line.find(':') + 1, line.size())));
    for (std::string word; words >> word;) features.insert(word);
  }
  return features;
}

void check_cpu_features(std::string_view wanted) {
  static const auto present = read_cpu_features();
  std::string missing;
  for (std::istringstream names{std::string(wanted)}; names;) {
    std::string name;
    if (!std::getline(names, name, ',') || name.empty() || present.contains(name)) continue;
    missing += (missing.empty() ? "" : ", ") + name;
  }
  if (!missing.empty()) {
    throw Refusal{"needs CPU features that this machine lacks: " + missing,
                  "choose another backend, or build it without them"};
  }
}

}  // namespace

tenon_passport checked_passport(std::span<const std::byte> descriptor) {
  tenon_passport passport{};
  const std::size_t taken = std::min(descriptor.size(), sizeof passport);
  if (taken != 0) std::memcpy(&passport, descriptor.data(), taken);
  check_version(passport);
  if (passport.struct_size < kPassportSize10 || passport.struct_size > descriptor.size()) {
    throw Refusal{"has a damaged passport (struct_size " + std::to_string(passport.struct_size) + " of " +
                      std::to_string(descriptor.size()) + " bytes)",
                  kRebuild};
  }
  check_fields(passport);
  check_cpu_features(passport.cpu_features);
  return passport;
}

}  // namespace tenon::plugin
