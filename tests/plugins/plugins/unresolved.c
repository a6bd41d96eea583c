/* Needs a symbol that no library has. */
#include <tenon/plugin/abi.h>

extern const tenon_backend_table* tenon_test_symbol_that_nobody_defines(const tenon_host* host);

TENON_EXPORT_BACKEND(tenon_test_symbol_that_nobody_defines, "test", "1.0", "", "", "", 1)
