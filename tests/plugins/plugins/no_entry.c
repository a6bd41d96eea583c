/* The passport alone: the entry function keeps another name. */
#include <tenon/plugin/abi.h>

#define tenon_backend_entry tenon_entry_by_another_name

static const tenon_backend_table* entry(const tenon_host* host) {
  (void)host;
  return NULL;
}

TENON_EXPORT_BACKEND(entry, "test", "1.0", "", "", "", 1)
