// Work shared among OpenMP threads, or done in place where the build has none.
#pragma once

#include <tenon/plugin/backend.hpp>

#include <algorithm>
#include <cstdint>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tenon::cpu {

/// How many threads a call on this thread may use, >= 1: the host's word within OMP_THREAD_LIMIT, or 1 in a build
/// without OpenMP.
inline int thread_count() {
#ifdef _OPENMP
  return std::min<int>(plugin::host->num_threads(), omp_get_thread_limit());
#else
  return 1;
#endif
}

/// Calls `f(begin, end)` on disjoint pieces that cover [0, n), each of at least `grain` (n itself may be
/// less); never with an empty piece. `f` must not throw.
template <typename F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& f) {
  if (n <= 0) return;
#ifdef _OPENMP
  if (n >= 2 * grain) {
    const auto threads =
        static_cast<int>(std::min<std::int64_t>(thread_count(), n / std::max<std::int64_t>(grain, 1)));
    if (threads > 1 && !omp_in_parallel()) {
#pragma omp parallel num_threads(threads)
      {
        const std::int64_t team = omp_get_num_threads();
        const std::int64_t id = omp_get_thread_num();
        const std::int64_t share = n / team;
        const std::int64_t rest = n % team;
        const std::int64_t begin = id * share + std::min(id, rest);
        f(begin, begin + share + (id < rest ? 1 : 0));
      }
      return;
    }
  }
#else
  static_cast<void>(grain);
#endif
  f(std::int64_t{0}, n);
}

}  // namespace tenon::cpu
