#pragma once

#include <string_view>

namespace tenon::dispatch {

enum LogLevel : int { kError = 1, kWarning = 2, kInformation = 3, kEverything = 4 };

/// Whether anybody would hear a message of this level; ask before composing an expensive one.
bool logs(int level);
void log(int level, std::string_view message);

}  // namespace tenon::dispatch
