#include "floating_point_environment.h"

#include <cfenv>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::conformance {
namespace {

#if defined(__x86_64__)
constexpr unsigned kStickyFlags = 0x3F;
unsigned control_word() { return _mm_getcsr() & ~kStickyFlags; }
void set_control_word(unsigned word) { _mm_setcsr(word); }
#elif defined(__aarch64__)
unsigned control_word() {
  unsigned long word = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(word));
  return static_cast<unsigned>(word);
}
void set_control_word(unsigned word) {
  const unsigned long wide = word;
  __asm__ volatile("msr fpcr, %0" : : "r"(wide));
}
#else
unsigned control_word() { return 0; }
void set_control_word(unsigned) {}
#endif

}  // namespace

FloatingPointEnvironment::FloatingPointEnvironment()
    : rounding_(std::fegetround()), control_(control_word()) {}

std::string FloatingPointEnvironment::restore() const {
  std::string difference;
  if (std::fegetround() != rounding_) difference += " rounding mode";
  if (control_word() != control_) difference += " control word (flush-to-zero, exception masks, rounding)";
  if (!difference.empty()) {
    std::fesetround(rounding_);
    set_control_word(control_);
  }
  return difference;
}

}  // namespace tenon::conformance
