#include "judge.h"
#include "refusal.h"

#include <tenon/plugin/host.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>
#include <system_error>

namespace tenon::plugin {

namespace {

namespace fs = std::filesystem;

constexpr const char* kVariable = "TENON_PLUGIN_PATH";

bool is_plugin_file_name(std::string_view name) {
  constexpr std::string_view prefix = "tenon-backend-";
  constexpr std::string_view suffix = ".so";
  return name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) && name.ends_with(suffix);
}

/// The entries of TENON_PLUGIN_PATH, as they stand there; none if it is unset or must not be trusted.
std::vector<std::string> path_entries(std::vector<std::string>& notices) {
  const char* const trusted = ::secure_getenv(kVariable);
  if (trusted == nullptr) {
    if (std::getenv(kVariable) != nullptr) {
      notices.push_back(std::string(kVariable) + " is ignored: the process is privileged");
    }
    return {};
  }
  std::vector<std::string> entries;
  std::string_view rest = trusted;
  if (rest.empty()) return entries;
  for (std::size_t end = rest.find(':'); end != std::string_view::npos; end = rest.find(':')) {
    entries.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  entries.emplace_back(rest);
  return entries;
}

/// Appends `directory` in its canonical form, or a notice that it is ignored.
void add_directory(const fs::path& directory, const char* source, std::vector<fs::path>& directories,
                   std::vector<std::string>& notices) {
  std::error_code error;
  fs::path canonical = fs::canonical(directory, error);
  if (!error) fs::directory_iterator(canonical, error);
  if (error) {
    notices.push_back(
        one_line(std::string(source) + ": " + directory.string() + " is ignored: " + error.message()));
  } else if (std::find(directories.begin(), directories.end(), canonical) == directories.end()) {
    directories.push_back(std::move(canonical));
  }
}

}  // namespace

std::vector<fs::path> search_directories(const fs::path& beside_libtenon, std::vector<std::string>& notices) {
  std::vector<fs::path> directories;
  for (const std::string& entry : path_entries(notices)) {
    if (fs::path(entry).is_absolute()) {
      add_directory(entry, kVariable, directories, notices);
    } else {
      notices.push_back(
          one_line(std::string(kVariable) + ": '" + entry + "' is ignored: not an absolute directory"));
    }
  }
  if (!beside_libtenon.empty()) add_directory(beside_libtenon, "plugins of libtenon", directories, notices);
  return directories;
}

std::vector<Candidate> scan(std::span<const fs::path> directories) {
  std::vector<Candidate> candidates;
  std::set<fs::path> seen;
  for (const fs::path& directory : directories) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      if (is_plugin_file_name(entry->path().filename().native())) files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      Candidate candidate = judge(file);
      if (seen.insert(candidate.path).second) candidates.push_back(std::move(candidate));
    }
  }
  return candidates;
}

}  // namespace tenon::plugin
