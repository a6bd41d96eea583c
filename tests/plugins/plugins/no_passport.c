/* The entry function alone. */
#include <tenon/plugin/abi.h>

__attribute__((visibility("default"))) const tenon_backend_table* tenon_backend_entry(const tenon_host* host);

const tenon_backend_table* tenon_backend_entry(const tenon_host* host) {
  host->set_error("never called: there is no passport");
  return NULL;
}
