// The table of everything that a backend is asked. A conformance kit walks it with a plugin of its choice.
#pragma once

#include <span>

#include "grader.h"

namespace tenon::conformance {

/// Which backends a section has something to ask of: all, or those that work on host memory, or those with
/// memory of their own.
enum class Memory : std::uint8_t { any, host, device };

/// A named group of cases.
struct Section {
  const char* name;
  void (*run)(Grader& grader);
  bool zeros_expected = false;  ///< most right answers are zeros (eye, one-hot, comparisons)
  Memory memory = Memory::any;

  [[nodiscard]] bool concerns(const PluginUnderTest& plugin) const {
    return memory == Memory::any || (memory == Memory::device) == plugin.has_memory();
  }
};

// One table a subject, in the file <subject>_cases.cpp.
std::span<const Section> elementwise_sections();
std::span<const Section> copy_sections();
std::span<const Section> reduce_sections();
std::span<const Section> matmul_sections();
std::span<const Section> matmul_accuracy_sections();
std::span<const Section> einsum_sections();
std::span<const Section> einsum_random_sections();
std::span<const Section> einsum_accuracy_sections();
std::span<const Section> init_sections();
std::span<const Section> random_sections();
std::span<const Section> index_sections();
std::span<const Section> softmax_sections();
std::span<const Section> page_end_sections();
std::span<const Section> behaviour_sections();
std::span<const Section> device_memory_sections();

/// All of them.
std::vector<Section> all_sections();

/// Ranks 0 to 8 and 32; extents 0, 1, primes, and one off the sizes of vectors and tiles.
std::span<const Shape> sweep_shapes();

inline constexpr DType kDTypes[] = {DType::float32, DType::float64, DType::bfloat16, DType::int32,
                                    DType::int64,   DType::uint8,   DType::boolean};

}  // namespace tenon::conformance
