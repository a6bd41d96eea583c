/* A plugin that was compiled for the newer minor: longer passport and table, and it looks for the newer
 * fields of a call only where struct_size covers them. It negates float32 vectors. */
#include "abi_1_7.h"

static tenon_status run(tenon_backend* backend, const tenon_call* call) {
  (void)backend;
  if (call->struct_size >= sizeof(call_1_7) && ((const call_1_7*)call)->deadline == 0) return TENON_FAILED;
  if (call->op != TENON_OP_UNARY) return TENON_UNSUPPORTED;
  const float* const x = (const float*)((const char*)call->inputs[0].data + call->inputs[0].byte_offset);
  float* const out = (float*)((char*)call->outputs[0].data + call->outputs[0].byte_offset);
  for (int64_t i = 0; i < call->outputs[0].shape[0]; ++i) out[i] = -x[i];
  return TENON_OK;
}

static tenon_status run_many(tenon_backend* backend, const tenon_call* calls, size_t count) {
  tenon_status status = TENON_OK;
  for (size_t i = 0; i < count && status == TENON_OK; ++i) status = run(backend, &calls[i]);
  return status;
}

static int32_t supports(tenon_backend* backend, const tenon_call* call) {
  (void)backend;
  return call->op == TENON_OP_UNARY;
}

static tenon_status create(tenon_backend** backend) {
  *backend = NULL;
  return TENON_OK;
}

static void destroy(tenon_backend* backend) { (void)backend; }

static int32_t score(tenon_backend* backend) {
  (void)backend;
  return 6;
}

static int32_t device_count(tenon_backend* backend) {
  (void)backend;
  return 1;
}

static tenon_status device_properties(tenon_backend* backend, int32_t index,
                                      tenon_device_properties* properties) {
  (void)backend;
  (void)index;
  if (properties->struct_size < sizeof *properties) return TENON_UNSUPPORTED;
  properties->device.device_type = kDLCPU;
  return TENON_OK;
}

static const backend_table_1_7 table = {
    .fields_1_0 = {.struct_size = sizeof(backend_table_1_7),
                   .abi_major = 1,
                   .abi_minor = 7,
                   .create = create,
                   .destroy = destroy,
                   .score = score,
                   .device_count = device_count,
                   .device_properties = device_properties,
                   .supports = supports,
                   .run = run},
    .run_many = run_many,
};

__attribute__((section(".note.tenon"), used, aligned(4))) static const passport_note_1_7 note = {
    .name_size = sizeof(TENON_NOTE_OWNER),
    .descriptor_size = sizeof(passport_1_7),
    .type = TENON_NOTE_TYPE,
    .owner = TENON_NOTE_OWNER,
    .passport = {.fields_1_0 = {.struct_size = sizeof(passport_1_7),
                                .magic = TENON_PASSPORT_MAGIC,
                                .abi_major = 1,
                                .abi_minor = 7,
                                .fingerprint = TENON_FINGERPRINT,
                                .score_ceiling = 6,
                                .name = "frozen-1-7",
                                .version = "1.7"},
                 .homepage = "a field that 1.0 does not know"},
};

__attribute__((visibility("default"))) const tenon_backend_table* tenon_backend_entry(const tenon_host* host);

const tenon_backend_table* tenon_backend_entry(const tenon_host* host) {
  return host->abi_major == 1 ? &table.fields_1_0 : NULL;
}
