// The CBLAS in use: the one that this plugin is linked to, or the one that TENON_BLAS_LIBRARY names.
#pragma once

#include <string>

namespace tenon::blas {

// CBLAS's enumerators; the values are the standard's.
inline constexpr int kRowMajor = 101;
inline constexpr int kNoTranspose = 111;
inline constexpr int kTranspose = 112;

template <typename T>
using Gemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, T alpha, const T* a,
                      int lda, const T* b, int ldb, T beta, T* c, int ldc);
template <typename T>
using Gemv = void (*)(int order, int transpose, int m, int n, T alpha, const T* a, int lda, const T* x,
                      int incx, T beta, T* y, int incy);

/// What TENON_BLAS_LIBRARY names; null if it is unset or empty.
const char* chosen_library();

/// The functions of one CBLAS with 32-bit integers. Immutable once loaded, and never unloaded.
class CblasLibrary {
 public:
  /// Throws std::runtime_error, with what to do about it, if the library cannot be used.
  CblasLibrary();

  template <typename T>
  [[nodiscard]] Gemm<T> gemm() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return sgemm_;
    } else {
      return dgemm_;
    }
  }
  /// Null if there is none for which 0 * inf is NaN: multiply() does without it then.
  template <typename T>
  [[nodiscard]] Gemv<T> gemv() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return sgemv_;
    } else {
      return dgemv_;
    }
  }
  /// What the library says of itself, or its path.
  [[nodiscard]] const std::string& description() const { return description_; }

  /// While it lives, calls on this thread use `count` threads, as far as the library can be told.
  class Threads {
   public:
    Threads(const CblasLibrary& library, int count);
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
    ~Threads();

   private:
    const CblasLibrary* changed_ = nullptr;
    int before_ = 0;
    bool was_dynamic_ = false;
  };

 private:
  void find_thread_control(void* handle);
  void describe(void* handle, const std::string& path);

  Gemm<float> sgemm_ = nullptr;
  Gemm<double> dgemm_ = nullptr;
  Gemv<float> sgemv_ = nullptr;
  Gemv<double> dgemv_ = nullptr;
  // OpenMP's number, which is the calling thread's own; or else the library's, which is the process's.
  int (*get_openmp_dynamic_)() = nullptr;
  void (*set_openmp_dynamic_)(int) = nullptr;
  int (*get_openmp_threads_)() = nullptr;
  void (*set_openmp_threads_)(int) = nullptr;
  void (*set_int_threads_)(int) = nullptr;
  void (*set_long_threads_)(long) = nullptr;
  std::string description_;
};

}  // namespace tenon::blas
