// A oneDNN primitive with what it takes, and one thread's execution of it.
#pragma once

#include "onednn/dnnl_version.h"

#include <omp.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon::onednn {

/// The CPU; one for the process, never destroyed: threads may outlive static objects.
const dnnl::engine& cpu_engine();

/// "oneDNN 2.6.3 AVX2": the library that is loaded, and the instruction set that it uses.
std::string library_description();

/// Attributes for every primitive here: the caller owns the scratchpad.
dnnl::primitive_attr new_attributes();

/// oneDNN's matmul, or nothing where it has only its reference loops. `bias` may be an empty descriptor.
/// Throws dnnl::error only for a failure.
std::optional<dnnl::matmul::primitive_desc> find_matmul(const dnnl::memory::desc& a,
                                                        const dnnl::memory::desc& b,
                                                        const dnnl::memory::desc& bias,
                                                        const dnnl::memory::desc& out,
                                                        const dnnl::primitive_attr& attributes);

/// While it lives, OpenMP regions that this thread opens have `count` threads; oneDNN asks OpenMP, not us, and gives
/// each thread its share before it sees how many came: none may be missing, as OMP_DYNAMIC would have it.
class OpenMpThreads {
 public:
  explicit OpenMpThreads(int count)
      : before_(omp_get_max_threads()), changed_(before_ != count), was_dynamic_(omp_get_dynamic() != 0) {
    if (was_dynamic_) omp_set_dynamic(0);
    if (changed_) omp_set_num_threads(count);
  }
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;
  ~OpenMpThreads() {
    if (changed_) omp_set_num_threads(before_);
    if (was_dynamic_) omp_set_dynamic(1);
  }

 private:
  int before_;
  bool changed_;
  bool was_dynamic_;
};

/// Immutable; shared by all threads.
struct Primitive {
  struct Argument {
    int name;  ///< DNNL_ARG_*
    dnnl::memory::desc descriptor;
  };

  Primitive(const dnnl::primitive_desc_base& descriptor, std::vector<Argument> in_order);

  dnnl::primitive primitive;
  dnnl::memory::desc scratchpad;
  std::vector<Argument> arguments;
};

/// One thread's memory objects for a primitive. Not thread-safe.
class Execution {
 public:
  explicit Execution(const Primitive& primitive);

  /// Executes on the data of the arguments, in the primitive's order, with `threads` threads. Throws
  /// dnnl::error and std::bad_alloc.
  void run(std::span<void* const> data, int threads);

 private:
  void set_data(std::size_t i, void* data);

  const Primitive* primitive_;
  std::size_t scratchpad_bytes_;
  std::vector<dnnl::memory> memories_;
  std::vector<void*> data_;  // what memories_ point to
  std::vector<dnnl_exec_arg_t> arguments_;
};

}  // namespace tenon::onednn
