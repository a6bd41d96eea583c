// The judgement of a passport.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstddef>
#include <span>

namespace tenon::plugin {

/// The fields that exist since 1.0, taken from a note's descriptor. Throws Refusal if it is damaged, of
/// another ABI major or layout, or needs a CPU feature that this machine lacks.
tenon_passport checked_passport(std::span<const std::byte> descriptor);

}  // namespace tenon::plugin
