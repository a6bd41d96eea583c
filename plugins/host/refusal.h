// Why a plugin is refused. Thrown inside the host only; scan() and open() turn it into a reason.
#pragma once

#include <filesystem>
#include <string>

namespace tenon::plugin {

struct Refusal {
  std::string what;  ///< what is wrong: "is empty"
  std::string fix;   ///< what to do about it: "build it again"
};

/// `text` with every control character replaced by a space.
std::string one_line(std::string text);

/// "<path>: <what>; <fix>", in one line.
std::string reason_text(const std::filesystem::path& path, const Refusal& refusal);

}  // namespace tenon::plugin
