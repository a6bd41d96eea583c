// One file, judged without running any of it.
#pragma once

#include <tenon/plugin/host.h>

namespace tenon::plugin {

/// The candidate that `found` (absolute, perhaps a symbolic link) is. Never throws for a bad file.
Candidate judge(const std::filesystem::path& found);

}  // namespace tenon::plugin
