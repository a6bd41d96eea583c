#include "judge.h"

#include "elf_note.h"
#include "passport.h"
#include "plugin_file.h"
#include "refusal.h"

#include <string_view>
#include <system_error>

namespace tenon::plugin {

namespace {

std::string name_in(const std::filesystem::path& file) {
  std::string name = file.filename().string();
  constexpr std::string_view prefix = "tenon-backend-";
  constexpr std::string_view suffix = ".so";
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  return one_line(std::move(name));
}

}  // namespace

Candidate judge(const std::filesystem::path& found) {
  Candidate candidate;
  candidate.path = found;
  candidate.name = name_in(found);
  try {
    std::error_code error;
    const auto canonical = std::filesystem::canonical(found, error);
    if (error) throw Refusal{"cannot be resolved: " + error.message(), "mend or remove the link"};
    candidate.path = canonical;
    const PluginFile file(canonical);
    const tenon_passport passport = checked_passport(read_tenon_note(file));
    candidate.name = passport.name;
    candidate.version = passport.version;
    candidate.library = passport.library;
    candidate.driver = passport.driver;
    candidate.score_ceiling = passport.score_ceiling;
  } catch (const Refusal& refusal) {
    candidate.reason = reason_text(candidate.path, refusal);
  }
  return candidate;
}

}  // namespace tenon::plugin
