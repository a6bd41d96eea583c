#include "abi_1_0.h"

uint32_t tenon_test_fingerprint_of_frozen_1_0(void);

uint32_t tenon_test_fingerprint_of_frozen_1_0(void) { return TENON_FINGERPRINT; }
