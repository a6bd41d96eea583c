/* A minor of the future: 1.0 with fields appended to the passport, the table and the call frame. */
#pragma once

#include "abi_1_0.h"

typedef struct passport_1_7 {
  tenon_passport fields_1_0;
  char homepage[64];
} passport_1_7;

typedef struct passport_note_1_7 {
  uint32_t name_size;
  uint32_t descriptor_size;
  uint32_t type;
  char owner[8];
  passport_1_7 passport;
} passport_note_1_7;

typedef struct backend_table_1_7 {
  tenon_backend_table fields_1_0;
  tenon_status (*run_many)(tenon_backend* backend, const tenon_call* calls, size_t count);
} backend_table_1_7;

typedef struct call_1_7 {
  tenon_call fields_1_0;
  uint64_t deadline;
} call_1_7;
