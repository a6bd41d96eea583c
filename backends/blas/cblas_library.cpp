#include "blas/cblas_library.h"

#include <cblas.h>
#include <dlfcn.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <stdexcept>

namespace tenon::blas {
namespace {

constexpr char kVariable[] = "TENON_BLAS_LIBRARY";

template <typename Function>
void find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
}

/// Whether 0 * inf is NaN in this gemv. Some libraries (BLIS, the reference of old) skip the zeros of x;
/// their gemm does not.
template <typename T>
bool multiplies_zeros(Gemv<T> gemv) {
  constexpr int kSize = 40;
  for (const int n : {1, 7, kSize}) {
    for (const int transpose : {kNoTranspose, kTranspose}) {
      for (const int at : {0, n - 1}) {
        T a[kSize * kSize] = {};
        T x[kSize] = {};
        T y[kSize] = {};
        a[at * n + at] = std::numeric_limits<T>::infinity();
        gemv(kRowMajor, transpose, n, n, T{1}, a, n, x, 1, T{1}, y, 1);
        if (!std::isnan(y[at])) return false;
      }
    }
  }
  return true;
}

/// The file that has the CBLAS that this plugin is linked to.
std::string linked_library() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void*>(&cblas_sgemm), &info) == 0 || info.dli_fname == nullptr) {
    throw std::runtime_error("cannot tell which CBLAS is linked; name one in TENON_BLAS_LIBRARY");
  }
  return info.dli_fname;
}

}  // namespace

const char* chosen_library() {
  const char* path = secure_getenv(kVariable);
  return path != nullptr && *path != '\0' ? path : nullptr;
}

CblasLibrary::CblasLibrary() {
  const char* wanted = chosen_library();
  const bool chosen = wanted != nullptr;
  const std::string path = chosen ? wanted : linked_library();
  if (chosen && path.front() != '/') {
    throw std::runtime_error(std::string(kVariable) + "=" + path + ": give an absolute path");
  }
  // Never closed: a BLAS has threads of its own.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* error = dlerror();
    throw std::runtime_error((chosen ? std::string(kVariable) + ": " : std::string()) +
                             (error != nullptr ? error : path) +
                             "; name another CBLAS, or unset the variable");
  }
  find(handle, "cblas_sgemm", sgemm_);
  find(handle, "cblas_dgemm", dgemm_);
  find(handle, "cblas_sgemv", sgemv_);
  find(handle, "cblas_dgemv", dgemv_);
  if (sgemm_ == nullptr || dgemm_ == nullptr) {
    throw std::runtime_error(path + " has no cblas_sgemm or no cblas_dgemm; set " + kVariable +
                             " to a library with the CBLAS interface");
  }
  if (sgemv_ != nullptr && !multiplies_zeros(sgemv_)) sgemv_ = nullptr;
  if (dgemv_ != nullptr && !multiplies_zeros(dgemv_)) dgemv_ = nullptr;
  find_thread_control(handle);
  describe(handle, path);
}

void CblasLibrary::find_thread_control(void* handle) {
  find(handle, "bli_thread_set_num_threads", set_long_threads_);
  if (set_long_threads_ != nullptr) return;
  int (*openblas_parallel)() = nullptr;
  find(handle, "openblas_get_parallel", openblas_parallel);
  constexpr int kOpenMp = 2;
  if (openblas_parallel != nullptr && openblas_parallel() == kOpenMp) {
    // Searched in the library's own dependencies: the OpenMP runtime that it was built for, whatever ours is.
    find(handle, "omp_get_max_threads", get_openmp_threads_);
    find(handle, "omp_set_num_threads", set_openmp_threads_);
    find(handle, "omp_get_dynamic", get_openmp_dynamic_);
    find(handle, "omp_set_dynamic", set_openmp_dynamic_);
    if (get_openmp_threads_ != nullptr && set_openmp_threads_ != nullptr) return;
  }
  for (const char* name : {"openblas_set_num_threads", "MKL_Set_Num_Threads"}) {
    find(handle, name, set_int_threads_);
    if (set_int_threads_ != nullptr) return;
  }
}

void CblasLibrary::describe(void* handle, const std::string& path) {
  const char* (*openblas_config)() = nullptr;
  const char* (*blis_version)() = nullptr;
  find(handle, "openblas_get_config", openblas_config);
  find(handle, "bli_info_get_version_str", blis_version);
  if (openblas_config != nullptr) {
    description_ = openblas_config();
  } else if (blis_version != nullptr) {
    description_ = std::string("BLIS ") + blis_version();
  } else {
    description_ = path;
  }
}

CblasLibrary::Threads::Threads(const CblasLibrary& library, int count) {
  if (library.set_openmp_threads_ != nullptr) {
    before_ = library.get_openmp_threads_();
    // OpenBLAS waits for as many threads as it asked for; OMP_DYNAMIC may give it fewer.
    was_dynamic_ = library.get_openmp_dynamic_ != nullptr && library.get_openmp_dynamic_() != 0;
    if (before_ == count && !was_dynamic_) return;
    changed_ = &library;
    if (was_dynamic_) library.set_openmp_dynamic_(0);
    library.set_openmp_threads_(count);
    return;
  }
  if (library.set_int_threads_ == nullptr && library.set_long_threads_ == nullptr) return;
  static std::atomic<int> current = 0;
  static std::mutex setting;
  if (current.load(std::memory_order_acquire) == count) return;
  const std::lock_guard lock(setting);
  if (library.set_int_threads_ != nullptr) library.set_int_threads_(count);
  if (library.set_long_threads_ != nullptr) library.set_long_threads_(count);
  current.store(count, std::memory_order_release);
}

CblasLibrary::Threads::~Threads() {
  if (changed_ == nullptr) return;
  changed_->set_openmp_threads_(before_);
  if (was_dynamic_) changed_->set_openmp_dynamic_(1);
}

}  // namespace tenon::blas
