#pragma once

namespace tenon {

/// How many forks lie between this process and the one that loaded libtenon. Threads do not come along with a fork:
/// a child begins with num_threads() 1, and devices that were opened before it cannot be used.
int forks();

}  // namespace tenon
