/* abi.h alone, first and only include, as C11. */
#include <tenon/plugin/abi.h>

#include "frozen/layout_1_0.h"

uint32_t tenon_test_fingerprint_in_c(void);

uint32_t tenon_test_fingerprint_in_c(void) { return TENON_FINGERPRINT; }
