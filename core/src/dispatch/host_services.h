#pragma once

#include <tenon/plugin/abi.h>

namespace tenon::dispatch {

/// What core offers to every plugin: log, error text, thread count and memory.
const tenon_host& host_services();

}  // namespace tenon::dispatch
