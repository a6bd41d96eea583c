// What the fallback policy says of calls that do not go as they were chosen.
#pragma once

#include <tenon/op_table.h>

#include <string>

namespace tenon::dispatch {

/// A call of `op` leaves what was chosen for it: throws BackendError with `what` and `fix` if the policy is
/// error, writes them to the log, once for each op and kind, if it is warn.
enum class Departure : std::uint8_t { backend, memory };
void depart(Op op, Departure kind, const std::string& what, const char* fix);
/// Whether depart() would say or throw anything: making its text takes time.
bool departure_matters(Op op, Departure kind);

}  // namespace tenon::dispatch
