// The gate for ELF files, and the note that is read from them.
#pragma once

#include "plugin_file.h"

#include <cstddef>
#include <vector>

namespace tenon::plugin {

/// The descriptor of the first note with owner TENON_NOTE_OWNER and type TENON_NOTE_TYPE. Throws Refusal
/// unless `file` is a 64-bit little-endian shared object for this machine, all of whose headers and segments
/// lie inside the file, that has such a note.
std::vector<std::byte> read_tenon_note(const PluginFile& file);

}  // namespace tenon::plugin
